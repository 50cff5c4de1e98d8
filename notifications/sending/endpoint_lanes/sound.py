"""What lanes and providers are set to; what cannot be stops none of those that are read with it."""

from contextlib import suppress

from tasks_core.engine.breaker import BreakerState


def sound_rate(column: str) -> str:
    """Return SQL for a rate; one that is no number (NaN, infinity) is no limit."""
    return f"CASE WHEN {column} < 'Infinity' THEN {column} END"


def sound_pause(column: str) -> str:
    """Return SQL for the pause of a breaker, 30 s where it is no number."""
    return f"CASE WHEN {column} < 'Infinity' THEN {column} ELSE 30.0 END"


def sound_state(stored: str) -> BreakerState:
    """Return the state of a breaker, closed where it is none of those known."""
    with suppress(ValueError):
        return BreakerState(stored)
    return BreakerState.CLOSED
