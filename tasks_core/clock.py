"""The one clock of the platform."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

_source: Callable[[], datetime] | None = None


def now() -> datetime:
    """Return the present instant, aware, in UTC."""
    return datetime.now(UTC) if _source is None else _source()


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
