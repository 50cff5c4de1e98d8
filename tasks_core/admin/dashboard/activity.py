"""The first page's table of what happened lately, type by type."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tasks_core import database
from tasks_core.admin.toolkit.bounded_query import TookTooLong, at_most
from tasks_core.admin.toolkit.places import list_url
from tasks_core.events.lag import lag_of, with_lag
from tasks_core.events.subscription import BUILT_IN
from tasks_core.metrics.activity import Activity, recent_activity
from tasks_core.models import EventSubscription

SPANS = {"hour": timedelta(hours=1), "day": timedelta(days=1)}
SHOWN = 10
POINTS = 60
SECONDS = 2.0
BEHIND = timedelta(minutes=1)
"""Counting goes on each second; what happened so long ago should be in the table."""

WIDTH, HEIGHT = 120, 24


@dataclass(frozen=True)
class Row:
    """One type as the page shows it; ``line`` are the points of a curve."""

    task_type: str
    url: str
    line: str
    peak: str
    completed: str
    failed: str
    dead: str
    wait: str
    duration: str
    is_failing: bool


@dataclass(frozen=True)
class Table:
    """What the page shows; ``rows`` is None if the database took too long."""

    span: str
    spans: list[str]
    rows: list[Row] | None
    others: int
    counted_until: str
    """Says until when events were counted, if that is a while ago; empty if all is up to date."""


def activity_table(span: str, now: datetime) -> Table:
    """Return the table of the last ``hour`` or ``day``; whatever else is asked for gives the hour."""
    span = span if span in SPANS else "hour"
    # Whole minutes, as the rollups have them.
    since = now.replace(second=0, microsecond=0) - SPANS[span] + timedelta(minutes=1)
    try:
        with at_most(SECONDS, using=database.alias()):
            found, others = recent_activity(
                since=since, span=SPANS[span], points=POINTS, limit=SHOWN
            )
    except TookTooLong:
        return Table(span, list(SPANS), None, 0, "")
    rows = [_row(one) for one in found]
    return Table(span, list(SPANS), rows, others, _counted_until(now))


def _counted_until(now: datetime) -> str:
    counting = with_lag(EventSubscription.objects.filter(name__in=BUILT_IN)).first()
    if counting is None:
        return (
            f"Nothing is counted: the subscriber {', '.join(sorted(BUILT_IN))} is not there; a beat that is "
            "alive makes it within a minute."
        )
    since = lag_of(counting).since
    if since is None or now - since < BEHIND:
        return ""
    state = counting.get_state_display().lower()
    return (
        f"Counted until {since:%Y-%m-%d %H:%M} UTC only: the subscriber {counting.name} is {state} and has "
        "not got on since; see whether a beat is alive."
    )


def _row(one: Activity) -> Row:
    return Row(
        task_type=one.task_type,
        url=list_url("tasks_core_task", type=one.task_type),
        line=_line(one.points),
        peak=f"{max(one.points):,}",
        completed=f"{one.completed:,}",
        failed=f"{one.failed:,}",
        dead=f"{one.dead:,}",
        wait=_milliseconds(one.wait),
        duration=_milliseconds(one.duration),
        is_failing=one.dead > 0,
    )


def _line(points: list[int]) -> str:
    """Return the points of an SVG polyline; it touches the top at the busiest time."""
    most = max(points) or 1
    step = WIDTH / (len(points) - 1)
    heights = (HEIGHT - 1 - (HEIGHT - 2) * count / most for count in points)
    return " ".join(f"{step * x:.1f},{y:.1f}" for x, y in enumerate(heights))


def _milliseconds(value: float | None) -> str:
    if value is None:
        return "-"
    if value < 1_000:
        return f"{value:.0f} ms" if value >= 10 else f"{value:.1f} ms"
    return f"{value / 1_000:.1f} s" if value < 60_000 else f"{value / 60_000:.0f} min"
