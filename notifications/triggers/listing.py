"""Events and invocations in pages, with the total count of what matches."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import BooleanField, CharField, ExpressionWrapper, F, QuerySet, Value
from django.db.models.functions import Cast

from notifications.exceptions import InvalidTrigger
from notifications.models import CronTrigger, TriggerEvent, TriggerInvocation
from notifications.models.webhook_call import WebhookCall
from notifications.states import TriggerEventStatus
from notifications.triggers.cron_triggers import get_cron_trigger
from notifications.triggers.definition import Definition
from notifications.triggers.event_ids import tick_id
from notifications.triggers.headers import shown_headers
from notifications.triggers.scheduled_events import get_event
from tasks_core.arguments import storable_arguments
from tasks_core.models import Occurrence

TYPES = ("one_off", "cron")
MAX_LIMIT = 1_000

Item = TypeVar("Item")


@dataclass(frozen=True, kw_only=True)
class Page(Generic[Item]):
    """One page; ``count`` is the number of all that match, if it was asked for."""

    items: list[Item]
    count: int | None = None


@dataclass(frozen=True, kw_only=True)
class ListedEvent:
    """An event, or an upcoming tick of a cron trigger, which is an event in status ``scheduled``.

    ``call`` holds what a one-off event calls, its sensitive headers masked; it is empty for cron events.
    """

    id: UUID
    trigger_name: str | None
    scheduled_time: datetime
    status: str
    tries: int = 0
    next_retry_at: datetime | None = None
    created_at: datetime | None = None
    reason: str = ""
    redelivery_of: UUID | None = None
    call: dict[str, Any] = field(default_factory=dict, repr=False)


@storable_arguments(InvalidTrigger)
def get_scheduled_events(
    type: str,  # noqa: A002  (the word of the API that this one follows)
    *,
    trigger_name: str | None = None,
    status: Sequence[str] = (),
    limit: int = 100,
    offset: int = 0,
    get_rows_count: bool = False,
) -> Page[ListedEvent]:
    """List events by (scheduled time, id); upcoming ticks of a cron trigger are among them.

    Args:
        type: ``one_off`` or ``cron``.
        trigger_name: of a cron trigger; required for ``cron``, and not allowed for ``one_off``.
        status: only events in one of these; all if empty.
        limit: at most so many, 1 to 1,000.
        offset: leave out so many of the first.
        get_rows_count: whether to count all that match.

    Raises:
        InvalidTrigger: names the argument that is wrong.
        TriggerNotFound: there is no trigger of that name.
    """
    trigger = _trigger(type, trigger_name)
    wanted = _statuses(status)
    _check_page(limit, offset)
    events = TriggerEvent.objects.filter(trigger=trigger)
    if wanted:
        events = events.filter(status__in=wanted)
    has_ticks = trigger is not None and (not wanted or TriggerEventStatus.SCHEDULED in wanted)
    ticks = upcoming_ticks(trigger) if trigger is not None and has_ticks else None
    count = events.count() + (ticks.count() if ticks is not None else 0) if get_rows_count else None
    return Page(items=_page(trigger, events, ticks, limit, offset), count=count)


@storable_arguments(InvalidTrigger)
def get_scheduled_event_invocations(
    *,
    event_id: UUID | str | None = None,
    trigger_name: str | None = None,
    status: Sequence[int] = (),
    limit: int = 100,
    offset: int = 0,
    get_rows_count: bool = False,
) -> Page[TriggerInvocation]:
    """List the log of an event, or of all events of a cron trigger, the newest first.

    Args:
        event_id: an event.
        trigger_name: or a cron trigger.
        status: only invocations with one of these, such as 200 or 1000; all if empty.
        limit: at most so many, 1 to 1,000.
        offset: leave out so many of the first.
        get_rows_count: whether to count all that match.

    Raises:
        InvalidTrigger, TriggerNotFound, TriggerEventNotFound: names what is wrong.
    """
    if (event_id is None) == (trigger_name is None):
        raise InvalidTrigger("event_id", "give either event_id or trigger_name")
    _check_page(limit, offset)
    rows = TriggerInvocation.objects.select_related("event").order_by("-created_at", "-id")
    if trigger_name is not None:
        rows = rows.filter(event__trigger=get_cron_trigger(trigger_name))
    if event_id is not None:
        rows = rows.filter(event=get_event(event_id))
    if status:
        rows = rows.filter(status__in=list(status))
    count = rows.count() if get_rows_count else None
    return Page(items=list(rows[offset : offset + limit]), count=count)


def _trigger(kind: str, name: str | None) -> CronTrigger | None:
    if kind not in TYPES:
        raise InvalidTrigger("type", f"must be one of {', '.join(TYPES)}")
    if (kind == "cron") != (name is not None):
        raise InvalidTrigger("trigger_name", "is required for type cron, and only there")
    return None if name is None else get_cron_trigger(name)


def _statuses(given: Sequence[str]) -> set[str]:
    wanted = {given} if isinstance(given, str) else set(given)
    unknown = sorted(wanted - set(TriggerEventStatus.values))
    if unknown:
        known = ", ".join(TriggerEventStatus.values)
        raise InvalidTrigger("status", f"has no {', '.join(unknown)}; there are {known}")
    return wanted


def _check_page(limit: int, offset: int) -> None:
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidTrigger("limit", f"must be 1 to {MAX_LIMIT}; go on with offset")
    if offset < 0:
        raise InvalidTrigger("offset", "cannot be a negative value")


def upcoming_ticks(trigger: CronTrigger) -> "QuerySet[Occurrence]":
    """Return the ticks of a trigger that are still to come."""
    ticks = Occurrence.objects.upcoming().filter(schedule__name=trigger.schedule_name)
    return ticks.filter(schedule__deleted_at=None)


def _page(
    trigger: CronTrigger | None,
    events: "QuerySet[TriggerEvent]",
    ticks: "QuerySet[Occurrence] | None",
    limit: int,
    offset: int,
) -> list[ListedEvent]:
    if trigger is None or ticks is None:
        rows = events.select_related("redelivery_of").order_by("scheduled_time", "event_id")
        rows = rows[offset : offset + limit]
        return [_event(row, trigger) for row in rows]
    keys = _keys(events, "scheduled_time", Cast("event_id", CharField()), is_tick=False)
    keys = keys.union(_keys(ticks, "due", Value(""), is_tick=True), all=True)
    page = list(keys.order_by("at", "tie")[offset : offset + limit])
    found = TriggerEvent.objects.select_related("redelivery_of").in_bulk(
        [key for is_tick, key, _, _ in page if not is_tick]
    )
    return [
        _tick(at, trigger) if is_tick else _event(found[key], trigger)
        for is_tick, key, at, _ in page
        if is_tick or key in found
    ]


def _keys(rows: "QuerySet[Any]", at: str, tie: Any, *, is_tick: bool) -> "QuerySet[Any]":
    """Return key and place of rows, in the same columns for both tables."""
    annotated: QuerySet[Any] = rows.order_by().annotate(
        is_tick=Value(is_tick, output_field=BooleanField()),
        key=F("pk"),
        at=F(at),
        tie=ExpressionWrapper(tie, output_field=CharField()),
    )
    return annotated.values_list("is_tick", "key", "at", "tie")


def _event(row: TriggerEvent, trigger: CronTrigger | None) -> ListedEvent:
    return ListedEvent(
        id=row.event_id,
        trigger_name=trigger.name if trigger else None,
        scheduled_time=row.scheduled_time,
        status=row.status,
        tries=row.tries,
        next_retry_at=row.next_retry_at,
        created_at=row.created_at,
        reason=row.reason,
        redelivery_of=row.redelivery_of.event_id if row.redelivery_of else None,
        call={} if trigger else shown_call(row),
    )


def _tick(due: datetime, trigger: CronTrigger) -> ListedEvent:
    return ListedEvent(
        id=tick_id(trigger.pk, due),
        trigger_name=trigger.name,
        scheduled_time=due,
        status=TriggerEventStatus.SCHEDULED,
    )


def shown_call(row: WebhookCall) -> dict[str, Any]:
    """Return what a row calls, as people may see it."""
    columns = Definition.of(row).columns()
    return {**columns, "headers": shown_headers(row.headers)}
