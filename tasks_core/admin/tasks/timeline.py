"""The events of a task, as a story for people."""

import json
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any

from tasks_core.admin.toolkit.moments import exact_instant, moment, relative, span
from tasks_core.admin.toolkit.places import list_url, task_link
from tasks_core.engine.states import EventKind
from tasks_core.models import Task, TaskEvent

LIMIT = 200
"""Events that a task's page shows; the list of events has all."""

TITLES: dict[str, tuple[str, str]] = {
    EventKind.SCHEDULED: ("Scheduled", "calm"),
    EventKind.QUEUED: ("Handed to the broker", "calm"),
    EventKind.STARTED: ("Attempt {attempt} started", "active"),
    EventKind.COMPLETED: ("Attempt {attempt} succeeded", "good"),
    EventKind.FAILED: ("Attempt {attempt} failed", "bad"),
    EventKind.RETRYING: ("Waits for another attempt", "warning"),
    EventKind.SNOOZED: ("Asked to be called again later", "warning"),
    EventKind.YIELDED: ("Gave way to more urgent work", "warning"),
    EventKind.RELEASED: ("Handed back unfinished", "warning"),
    EventKind.LOST: ("Lost on its way; goes back", "warning"),
    EventKind.CANCELLED: ("Cancelled", "muted"),
    EventKind.EXPIRED: ("Expired", "muted"),
    EventKind.DEAD_LETTERED: ("Given up; a dead letter was written", "bad"),
    EventKind.REPLAYED: ("Replayed as a new task", "good"),
    EventKind.DISCARDED: ("Its dead letter was discarded", "muted"),
    EventKind.RESCHEDULED: ("Brought forward", "calm"),
    EventKind.PROGRESSED: ("Made progress", "active"),
    EventKind.REPLACED: ("Replaced by a later request", "calm"),
}
"""Title and colour of each kind of event."""


@dataclass(frozen=True)
class Entry:
    """One line of the timeline."""

    title: str
    tone: str
    at: str
    ago: str
    after: str
    details: list[tuple[str, object]]


def timeline(task: Task, now: datetime) -> list[Entry]:
    """Return the latest events of a task in their order."""
    latest = TaskEvent.objects.filter(task=task.pk).order_by("-pk")[:LIMIT]
    return entries(list(latest)[::-1], now)


def all_events_url(task: Task) -> str:
    """Return the address of the list of all events of a task."""
    return list_url("tasks_core_taskevent", q=task.pk)


def entries(events: list[TaskEvent], now: datetime) -> list[Entry]:
    """Tell ``events``, given in their order."""
    gaps = ["", *(_gap(earlier.at, later.at) for earlier, later in pairwise(events))]
    return [_entry(event, gap, now) for event, gap in zip(events, gaps, strict=False)]


def details(data: Any, now: datetime) -> list[tuple[str, object]]:
    """Return the data of an event as pairs of a label and a value."""
    if not isinstance(data, dict):
        return [("data", json.dumps(data, ensure_ascii=False))] if data else []
    return [(key.replace("_", " "), _value(key, value, now)) for key, value in data.items()]


def _entry(event: TaskEvent, gap: str, now: datetime) -> Entry:
    title, tone = TITLES.get(event.kind, (event.kind, "muted"))
    return Entry(
        title=title.format(attempt=event.attempt),
        tone=tone,
        at=exact_instant(event.at),
        ago=relative(event.at, now),
        after=gap,
        details=details(event.data, now),
    )


def _gap(earlier: datetime, later: datetime) -> str:
    seconds = (later - earlier).total_seconds()
    return f"+{span(seconds)}" if seconds > 0 else ""


def _value(key: str, value: Any, now: datetime) -> object:
    if key in ("replayed_as", "replay_of") and isinstance(value, int):
        return task_link(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        at = _instant(value)
        return value if at is None else moment(at, now)
    return value if isinstance(value, int | float) else json.dumps(value, ensure_ascii=False)


def _instant(text: str) -> datetime | None:
    if len(text) < 19 or not text[:4].isdecimal():
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else None
