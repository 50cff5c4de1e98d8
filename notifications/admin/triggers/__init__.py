"""Scheduled triggers."""
