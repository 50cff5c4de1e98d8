"""Instants and spans of time for people."""

from datetime import UTC, datetime, timedelta

from django.utils.html import format_html
from django.utils.safestring import SafeString

NONE = "-"
"""Stands for an instant that has not come."""
_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def moment(at: datetime | None, now: datetime) -> SafeString | str:
    """Return how far ``at`` lies from ``now``; the exact instant is in the tooltip."""
    if at is None:
        return NONE
    exact = exact_instant(at)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', at.isoformat(), exact, relative(at, now)
    )


def moment_in_full(at: datetime | None, now: datetime) -> SafeString | str:
    """Return the exact instant, followed by how far it lies from ``now``."""
    if at is None:
        return NONE
    return format_html(
        '<time datetime="{}">{}</time> <span class="br-subtle br-whole">{}</span>',
        at.isoformat(),
        exact_instant(at),
        relative(at, now),
    )


def exact_instant(at: datetime) -> str:
    """Return an instant to the millisecond, in UTC."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}"[:-3] + " UTC"


def relative(at: datetime, now: datetime) -> str:
    """Return for example ``in 5 min`` or ``3.2 s ago``."""
    seconds = (at - now).total_seconds()
    if abs(seconds) < 0.05:
        return "now"
    return f"in {span(seconds)}" if seconds > 0 else f"{span(-seconds)} ago"


def span(seconds: float | timedelta) -> str:
    """Return a length of time with two digits that matter: 12 ms, 3.4 s, 7 min, 2 h, 5 d."""
    if isinstance(seconds, timedelta):
        seconds = seconds.total_seconds()
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{_short(seconds / size)} {unit}"
    if seconds >= 0.9995:
        return f"{_short(seconds)} s"
    return f"{seconds * 1000:.0f} ms" if seconds else "0 s"


def _short(value: float) -> str:
    """Return a decimal only where it says something: 1.4, 2, 37."""
    rounded = round(value, 1)
    return f"{rounded:.1f}" if rounded < 10 and rounded % 1 else f"{value:.0f}"
