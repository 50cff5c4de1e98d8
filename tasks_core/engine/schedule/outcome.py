"""What became of a tick: the words of the ledger."""

from enum import StrEnum


class TickOutcome(StrEnum):
    """One word for each row of the ledger of occurrences."""

    UPCOMING = "upcoming"
    FIRED = "fired"
    CAUGHT_UP = "caught_up"
    """Fired late, because the misfire policy asked for it."""
    COALESCED = "coalesced"
    """Missed; a later tick was run in its stead."""
    BUFFERED = "buffered"
    """Waits for the end of the one before it."""
    SKIPPED_MISFIRE = "skipped_misfire"
    SKIPPED_OVERLAP = "skipped_overlap"
    SKIPPED_DST = "skipped_dst"
    """Its wall-clock time did not exist, or existed twice, and the policy leaves it out."""
    EXCLUDED = "excluded"
    PAUSED = "paused"
    CANCELLED = "cancelled"


FINAL = frozenset(TickOutcome) - {TickOutcome.UPCOMING, TickOutcome.BUFFERED}
"""Outcomes that do not change any more."""
