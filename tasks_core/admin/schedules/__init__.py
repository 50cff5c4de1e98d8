"""Schedules, their ticks and backfills."""
