"""Digests: what happens to a receiver within a window goes out as one message.

The database decides which window is open. Items join it in the caller's transaction, and closing it
claims the window, reads its items and makes the notification in one transaction.
"""
