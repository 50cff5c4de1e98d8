"""Addresses that are secrets themselves: whoever knows one can send to it."""
