"""Read events: find them by task, type, kind and time."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import QuerySet

from tasks_core.client.find import listed, sensible_limit
from tasks_core.client.options import instant
from tasks_core.engine.events import Event, read_event
from tasks_core.engine.states import EventKind
from tasks_core.exceptions import InvalidOption
from tasks_core.models import TaskEvent

COLUMNS = ("kind", "id", "task_id", "task_type", "attempt", "at", "duration", "data")


@dataclass(frozen=True, slots=True)
class EventPage:
    """Some events, and where the next ones begin.

    ``next_after`` goes into the next call's ``after``; None on the last page.
    """

    events: list[Event]
    next_after: int | None


def find_events(
    *,
    task_id: int | None = None,
    task_types: Iterable[str] = (),
    kinds: Iterable[str | type[Event]] = (),
    at_from: datetime | None = None,
    at_until: datetime | None = None,
    after: int | None = None,
    limit: int = 100,
) -> EventPage:
    """Return the newest events that fit all of the conditions, a page at a time.

    Args:
        task_id: of this task; None means of any.
        task_types: of any of these; empty means all.
        kinds: any of these, such as ``"failed"`` or ``TaskFailed``; empty means all.
        at_from: aware datetime, included. The shorter the time, the fewer days are looked through.
        at_until: aware datetime, not included.
        after: ``next_after`` of the page before. Events that are written meanwhile do not shift the pages.
        limit: events on a page, 1 to 1,000.

    Raises:
        InvalidOption: names the argument and what would be right.
    """
    sensible_limit(limit)
    events: QuerySet[TaskEvent] = TaskEvent.objects.order_by("-id")
    if task_id is not None:
        events = events.filter(task_id=task_id)
    for field, values in (
        ("task_type", listed("task_types", task_types)),
        ("kind", [_kind(kind) for kind in listed("kinds", kinds)]),
    ):
        if values:
            events = events.filter(**{f"{field}__in": values})
    events = _between(events, at_from, at_until)
    if after is not None:
        events = events.filter(pk__lt=after)
    found = [read_event(**row) for row in events.values(*COLUMNS)[: limit + 1]]
    page = found[:limit]
    return EventPage(page, page[-1].id if len(found) > limit else None)


def _between(
    events: QuerySet[TaskEvent], start: datetime | None, end: datetime | None
) -> QuerySet[TaskEvent]:
    if start is not None:
        events = events.filter(at__gte=instant("at_from", start, error=InvalidOption))
    if end is not None:
        events = events.filter(at__lt=instant("at_until", end, error=InvalidOption))
    return events


def _kind(value: Any) -> str:
    if isinstance(value, type) and issubclass(value, Event):
        return value.kind
    try:
        return EventKind(str(value).lower()).value
    except ValueError:
        known = ", ".join(EventKind)
        raise InvalidOption(f"kinds: {value!r} is no kind of event; there are {known}") from None
