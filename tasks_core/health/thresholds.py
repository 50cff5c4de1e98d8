"""How long the probes wait before they speak up."""

from datetime import timedelta

LATE = timedelta(seconds=60)
"""A task that waits so long past its time is worth a word."""

RECOVERY = timedelta(seconds=20)
"""Time within which a living beat mends what was lost."""

UNREAD = timedelta(minutes=5)
"""An event that a subscriber leaves unread for so long is worth a word."""
