"""The one clock of the platform: that of its database.

Machines' clocks differ by seconds and jump. What one process writes another compares with its own time, so
all of them read the database's: each learns how far it is from a clock of its machine that never jumps (see
``database_clock``). Until that is known, and without a database, the machine's clock has to do.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial

_source: Callable[[], datetime] | None = None
_ahead: float | None = None


steady: Callable[[], float] = (
    partial(time.clock_gettime, time.CLOCK_BOOTTIME)
    if hasattr(time, "CLOCK_BOOTTIME")
    else time.monotonic
)
"""Return seconds that only ever run forward, also while the machine is suspended."""


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    if _source is not None:
        return _source()
    if _ahead is None:
        return datetime.now(UTC)
    return datetime.fromtimestamp(steady() + _ahead, UTC)


def follow(earliest: float, latest: float) -> None:
    """Let the clock go by a time that is between so many seconds ahead of ``steady``.

    Nothing changes while it already does: one answer that took long must not spoil what quicker ones told.
    """
    global _ahead
    if _ahead is None or not earliest <= _ahead <= latest:
        _ahead = (earliest + latest) / 2


def machine_skew() -> float | None:
    """Return the seconds that this machine's clock is ahead of the platform's, None if that is not known."""
    return None if _ahead is None else time.time() - steady() - _ahead


@contextmanager
def frozen(at: datetime | Callable[[], datetime]) -> Iterator[None]:
    """Let the clock stand at ``at``, or follow the callable ``at``, within the block (for tests).

    Raises:
        ValueError: ``at`` is naive; give it a time zone.
    """
    global _source
    if isinstance(at, datetime) and at.tzinfo is None:
        raise ValueError(f"the clock needs an aware datetime, not {at!r}")
    previous = _source
    _source = at if callable(at) else lambda: at
    try:
        yield
    finally:
        _source = previous
