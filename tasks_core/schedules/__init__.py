"""Schedules: the ledger of ticks, who fills it, and who fires what is due."""
