"""Providers, destinations, and what providers report."""
