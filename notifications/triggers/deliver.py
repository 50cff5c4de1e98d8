"""Deliver an event: claim it, call its webhook, judge, record, and tell the platform what follows."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from random import Random

from asgiref.sync import sync_to_async
from django.db import Error

from notifications import conf
from notifications.sending.coalescing import Coalescer
from notifications.sending.delivery_span import sending
from notifications.states import TriggerEventStatus
from notifications.triggers.begin import GONE, Begun, NotBegun, begin
from notifications.triggers.call import call
from notifications.triggers.completion import complete
from notifications.triggers.invocation_log import client_error, unsent_request
from notifications.triggers.lock import Claim, unlock
from notifications.triggers.record import Ended, record
from notifications.triggers.redelivery import is_replay, redeliver_for_task
from notifications.triggers.verdict import Bounds, Verdict, decide
from tasks_core import PermanentError, RetryAfter, Snooze, TaskContext, clock
from tasks_core.database.errors import is_servers_fault
from tasks_core.encryption import KeyMissing

logger = logging.getLogger(__name__)

PATIENCE_SECONDS, AGAIN_SECONDS = 30.0, 0.2
"""So long an event's locked row is come back for, and how often, once its webhook has been called."""

BUSY_SECONDS = 1.0
"""Seconds until the next look at an event whose row somebody else keeps locked."""

DATABASE_PAUSE = 5.0
"""Seconds until the next attempt when the database did not take the record of this one."""

_FAILED = (TriggerEventStatus.ERROR, TriggerEventStatus.DEAD)
_rng = Random()


class DeliveryFailed(RetryAfter):
    """The webhook did not take the event; it is called again when the event says so."""


async def deliver(event_id: int, context: TaskContext) -> dict[str, str]:
    """Make one attempt; return the task's result if the event has ended well.

    Raises:
        RetryAfter: another attempt follows.
        KeyMissing: a worker that has the key of its headers has to make it.
        PermanentError: the event has failed for good, and so does its task: a dead letter is written.
    """
    claim = Claim(event_id, context.task_id, context.attempt)
    try:
        begun, is_cancelled = await complete(_begin_together(claim))
        if is_cancelled:
            raise asyncio.CancelledError
        if isinstance(begun, NotBegun):
            return await _nothing_to_deliver(claim, begun)
        return await _attempt(begun)
    except asyncio.CancelledError:
        # The worker stops. Nobody knows whether the webhook has seen the request; the next attempt
        # has the same id.
        with suppress(Error):  # then the next attempt takes it over
            await sync_to_async(unlock)(claim)
        raise
    except KeyMissing:
        await sync_to_async(unlock)(claim)
        raise
    except Error as error:
        raise RetryAfter(DATABASE_PAUSE, f"the database failed: {type(error).__name__}") from None


async def _attempt(begun: Begun) -> dict[str, str]:
    with sending("trigger", {"attempt": begun.standing.tries + 1}) as under_way:
        result = await call(begun.definition, begun.body)
        error = "" if 200 <= result.status < 300 else str(result.status)
        under_way.ended("failure" if error else "success", error=error, status_code=result.status)
    now = clock.now()
    settings = conf.current()
    bounds = Bounds(
        longest_wait=settings.trigger_retry_after_cap, max_waits=settings.trigger_retry_after_limit
    )
    verdict = decide(begun.definition.retry_conf, begun.standing, result, bounds, now=now, rng=_rng)
    ended = Ended(
        claim=begun.claim, result=result, verdict=verdict, at=now, trigger_id=begun.trigger_id
    )
    # A worker that stops at this moment has called all the same: the attempt ends as it would have.
    await complete(_record(ended))
    return _conclude(verdict, now)


def _conclude(verdict: Verdict, now: datetime) -> dict[str, str]:
    if verdict.next_retry_at is not None:
        wait = max(0.0, (verdict.next_retry_at - now).total_seconds())
        raise DeliveryFailed(wait, verdict.reason)
    return _ended(verdict.status, verdict.reason)


def _ended(status: str, reason: str) -> dict[str, str]:
    if status in _FAILED:
        raise PermanentError(reason)
    return {"status": str(status)}


async def _record(ended: Ended) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not await _record_together(ended):
        if time.monotonic() > until:
            raise RetryAfter(DATABASE_PAUSE, "the row of the event stays locked by somebody else")
        await asyncio.sleep(AGAIN_SECONDS)


async def _nothing_to_deliver(claim: Claim, found: NotBegun) -> dict[str, str]:
    """A replay of a task whose event has ended asks for a new event."""
    if found.is_busy:
        raise Snooze(BUSY_SECONDS, found.reason)
    if found.status == GONE and await sync_to_async(is_replay)(claim.task):
        raise PermanentError("the event was removed; there is nothing left to deliver again")
    if not found.is_other_task:
        return _ended(found.status, found.reason)
    event_id = await sync_to_async(redeliver_for_task)(claim.event, claim.task)
    return {"status": "redelivered", "event_id": str(event_id)}


def _record_all(attempts: list[Ended]) -> list[bool | Exception]:
    """Tell which of them are on record; the others are locked by somebody else, or have their own problem."""
    try:
        left = record(attempts)
    except Exception as error:
        if is_servers_fault(error):
            raise
        # What is wrong with one must not repeat the others' calls.
        return [_record_one(ended) for ended in attempts]
    return [not any(ended is one for one in left) for ended in attempts]


def _record_one(ended: Ended) -> bool | Exception:
    try:
        return not record([ended])
    except Exception as error:
        if is_servers_fault(error):
            raise
        logger.warning("the log of a trigger's attempt is left out: %s", error, exc_info=error)
    message = "the log of this attempt could not be stored"
    plain = replace(
        ended.result, error=message, request=unsent_request({}, []), response=client_error(message)
    )
    verdict = replace(ended.verdict, reason=message if ended.result.error else "")
    try:
        return not record([replace(ended, result=plain, verdict=verdict)])
    except Exception as error:  # noqa: BLE001 it is for the one whose end it was
        return error


_begin_together: Coalescer[Claim, Begun | NotBegun] = Coalescer(begin)
_record_together = Coalescer(_record_all)
