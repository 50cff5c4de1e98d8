"""Retry policies, and what they come to."""
