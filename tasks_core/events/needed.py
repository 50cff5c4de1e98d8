"""What keeps old events from being removed."""

from __future__ import annotations

from datetime import datetime


def needed_since() -> datetime | None:
    """Return since when events are still to be read by somebody; None if nobody waits for any."""
    return None
