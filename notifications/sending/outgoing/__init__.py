"""Connections to addresses that other people chose: one guard for all of them."""
