"""Begin attempts at events: claim them, and sort out those that are not to be delivered."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import OperationalError

from notifications.exceptions import InvalidTrigger
from notifications.models import CronTrigger, TriggerEvent
from notifications.states import TRIGGER_EVENT_FINAL, TriggerEventStatus
from notifications.triggers.body import wrapped
from notifications.triggers.call import not_called
from notifications.triggers.definition import Definition
from notifications.triggers.lock import Claim, lock
from notifications.triggers.record import Ended, end_locked, record
from notifications.triggers.verdict import Standing, Verdict, is_too_late
from tasks_core import clock
from tasks_core.database.errors import is_lock_timeout

GONE = "gone"
"""Stands for the status of an event that was deleted."""

MAX_LOSSES = 5
"""So many workers may be lost while they deliver one event; then it is taken for the cause."""


@dataclass(frozen=True, kw_only=True)
class Begun:
    """An event whose attempt has begun."""

    claim: Claim
    definition: Definition
    body: dict[str, Any] = field(repr=False)
    standing: Standing
    trigger_id: int | None


@dataclass(frozen=True)
class NotBegun:
    """An event that is not to be delivered by this attempt."""

    status: str
    reason: str
    is_other_task: bool = False
    """The event belongs to another task: this one was made by a replay."""
    is_busy: bool = False
    """Somebody else keeps its row locked; it is to be asked for again."""


BUSY = NotBegun(TriggerEventStatus.SCHEDULED, "somebody else has its row locked", is_busy=True)


def begin(claims: Sequence[Claim]) -> list[Begun | NotBegun]:
    """Begin an attempt for each claim; return what to deliver, or why not, in their order."""
    now = clock.now()
    locked = lock(claims, now)
    rows = TriggerEvent.objects.filter(pk__in=[claim.event for claim in claims])
    found = {row.pk: row for row in rows.select_related("trigger", "redelivery_of")}
    return [
        _begun_unless_busy(claim, found[claim.event], now)
        if claim.event in locked and claim.event in found
        else _not_begun(claim, found.get(claim.event))
        for claim in claims
    ]


def _begun_unless_busy(claim: Claim, event: TriggerEvent, now: datetime) -> Begun | NotBegun:
    try:
        return _begun(claim, event, now)
    except OperationalError as error:
        if not is_lock_timeout(error):
            raise
        return BUSY


def _begun(claim: Claim, event: TriggerEvent, now: datetime) -> Begun | NotBegun:
    trigger = event.trigger
    if trigger is not None and not trigger.enabled:
        return _end(claim, TriggerEventStatus(trigger.when_disabled), _why_disabled(trigger), now)
    try:
        definition = Definition.of(trigger or event)
    except InvalidTrigger as error:
        return _fail(claim, event, str(error), now)
    if is_too_late(definition.retry_conf, event.scheduled_time, now):
        tolerance = f"{definition.retry_conf.tolerance_seconds:g} s"
        return _end(claim, TriggerEventStatus.DEAD, f"later than its tolerance of {tolerance}", now)
    if event.losses > MAX_LOSSES:
        return _fail(claim, event, f"{event.losses} workers were lost while they delivered it", now)
    return Begun(
        claim=claim,
        definition=definition,
        body=wrapped(event, definition),
        standing=Standing(
            scheduled_time=event.scheduled_time, tries=event.tries, waits_asked=event.waits_asked
        ),
        trigger_id=event.trigger_id,
    )


def _end(claim: Claim, status: TriggerEventStatus, reason: str, now: datetime) -> NotBegun:
    """End an event without a call, and so without a log row."""
    end_locked(claim, status, reason, now)
    return NotBegun(status, reason)


def _fail(claim: Claim, event: TriggerEvent, reason: str, now: datetime) -> NotBegun:
    """End an event that cannot be called, with a log row that says why."""
    verdict = Verdict(status=TriggerEventStatus.ERROR, reason=reason, waits_asked=event.waits_asked)
    call = event.trigger or event
    result = not_called(call.headers, {"id": str(event.event_id)}, reason)
    if record([Ended(claim=claim, result=result, verdict=verdict, at=now, trigger_id=None)]):
        return BUSY
    return NotBegun(TriggerEventStatus.ERROR, reason)


def _not_begun(claim: Claim, event: TriggerEvent | None) -> NotBegun:
    if event is None:
        return NotBegun(GONE, "the event was deleted")
    if event.task_id == claim.task and event.status not in TRIGGER_EVENT_FINAL:
        is_taken = event.status == TriggerEventStatus.LOCKED and event.locked_by >= claim.attempt
        if not is_taken:  # nothing else would keep this attempt from having it
            return BUSY
    is_other = event.task_id != claim.task and event.status in TRIGGER_EVENT_FINAL
    return NotBegun(event.status, event.reason, is_other)


def _why_disabled(trigger: CronTrigger) -> str:
    return f"its trigger is disabled: {trigger.disabled_reason or 'by an operator'}"[:200]
