"""Write a task in the caller's transaction."""

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Unpack

from tasks_core import database
from tasks_core.broker.message import Message
from tasks_core.broker.nudge import nudge_on_commit
from tasks_core.client import publish_on_commit
from tasks_core.client.new_tasks import TRIES, UNSETTLED, new_tasks
from tasks_core.client.options import Options, TaskOptions, checked_options, instant, span
from tasks_core.client.options import idempotency_key as checked_key
from tasks_core.client.unique import Unique
from tasks_core.database import server_clock
from tasks_core.engine.states import State
from tasks_core.exceptions import (
    DuplicateTask,
    InvalidOption,
    InvalidSchedule,
    UnsettledKey,
)
from tasks_core.lanes import lane_name
from tasks_core.models import Task
from tasks_core.registry import TaskType, get_task_type, require_allowed
from tasks_core.sql.insert import NewTasks, insert
from tasks_core.sql.replace import debounce, replace_payload
from tasks_core.tracing import switch


def enqueue(
    task_type: str,
    payload: Any,
    *,
    idempotency_key: str | None = None,
    unique: Unique | None = None,
    inner: bool = False,
    **options: Unpack[TaskOptions],
) -> Task:
    """Store a task in the caller's transaction, to run as soon as that is committed.

    If the transaction rolls back, nothing has happened. Once it is committed, the task ends in exactly one
    final state, whatever fails in between.

    Args:
        task_type: registered name.
        payload: what the type's schema takes; at most MAX_PAYLOAD_BYTES as JSON.
        idempotency_key: a second task of this type with the same key is not made, as long as the first is
            kept; the first is returned. It also reaches the handler.
        unique: a finer rule of what is a duplicate and what happens then.
        inner: said by the app that owns an inner type; never where the type comes from people.
        options: ``run_after`` (aware datetime), ``priority``, ``queue_name``, ``expires_at`` (aware
            datetime), ``retry``, ``tags``, ``correlation_id``; see ``TaskOptions``.

    Raises:
        UnknownTaskType, InnerTaskType, InvalidPayload, PayloadTooLarge, InvalidSchedule, InvalidOption:
            nothing was written; the message names what is wrong and what would be right.
        DuplicateTask: the key is taken and ``unique`` says to reject.
        UnsettledKey: others take and free the key without end.
    """
    if unique is not None and idempotency_key is not None:
        raise InvalidOption("give idempotency_key or unique, not both; unique has a key of its own")
    registered = get_task_type(task_type)
    require_allowed(registered, inner=inner)
    now = server_clock.callers_now()
    checked = checked_options(registered, options, now=now)
    stored = registered.schema.store(payload, max_bytes=registered.max_payload_bytes)
    key = checked_key(idempotency_key)
    rule = unique or (Unique(key=key, until="forever") if key is not None else None)
    return insert_one(registered, checked, stored, key=key, unique=rule, replay_of_id=None, now=now)


class EnqueueOptions(TaskOptions, total=False):
    """What ``enqueue`` takes beside type and payload."""

    idempotency_key: str | None
    unique: Unique | None
    inner: bool


def schedule_once(
    task_type: str, payload: Any, *, at: datetime, **options: Unpack[EnqueueOptions]
) -> Task:
    """Store a task that runs once, at the aware datetime ``at`` or as soon as possible after it.

    Takes the options of ``enqueue`` except ``run_after``, and raises what it raises.
    """
    _refuse_run_after(options, instead="at")
    options["run_after"] = instant("at", at)
    return enqueue(task_type, payload, **options)


def schedule_delayed(
    task_type: str, payload: Any, *, delay: timedelta | float, **options: Unpack[EnqueueOptions]
) -> Task:
    """Store a task that runs once, ``delay`` (a timedelta or seconds, not negative) from now.

    Takes the options of ``enqueue`` except ``run_after``, and raises what it raises.
    """
    _refuse_run_after(options, instead="delay")
    options["run_after"] = server_clock.callers_now() + span("delay", delay, error=InvalidSchedule)
    return enqueue(task_type, payload, **options)


def _refuse_run_after(options: EnqueueOptions, *, instead: str) -> None:
    if "run_after" in options:
        raise InvalidOption(f"run_after cannot be combined with {instead}; use enqueue()")


def insert_one(
    registered: TaskType,
    options: Options,
    stored: str,
    *,
    key: str | None,
    unique: Unique | None,
    replay_of_id: int | None,
    now: datetime,
) -> Task:
    """Insert one task whose parts are checked already, and nudge the dispatcher on commit."""
    unique_key = unique.key_of(registered.name, stored, now=now) if unique else None
    until = unique.stored_until if unique else None
    new = new_tasks(registered, options, [(stored, key, unique_key, None)], until, replay_of_id)
    is_due = options.run_after <= now
    if is_due and publish_on_commit.is_open(options.queue_name, options.priority):
        new = replace(new, queued_at=now)
    if not switch.is_on:
        return _insert_one(new, stored, key, unique, now)
    from tasks_core.tracing.enqueue_span import enqueue_span
    from tasks_core.tracing.traceparent import traceparent_of

    with enqueue_span(new) as span:
        new = replace(new, traceparent=traceparent_of(span))
        task = _insert_one(new, stored, key, unique, now)
        span.set_attribute("messaging.message.id", str(task.pk))
        return task


def _insert_one(
    new: NewTasks, stored: str, key: str | None, unique: Unique | None, now: datetime
) -> Task:
    wanted, new = new, _within_bounds(new, unique, now)
    for _ in range(TRIES):
        task_id = insert(new, now=now)[0]
        if task_id is not None:
            break
        existing = _settle_conflict(unique, wanted, now)
        if existing is not None:
            return existing  # else it has just ended or been removed: try again
    else:
        raise UnsettledKey(UNSETTLED)
    if new.run_after <= now:
        if new.queued_at is None:
            nudge_on_commit()
        else:
            publish_on_commit.publish_on_commit(_message(new, task_id), queued_at=new.queued_at)
    return _task(task_id, new, stored, key, now)


def _within_bounds(new: NewTasks, unique: Unique | None, now: datetime) -> NewTasks:
    if unique is None or unique.longest_wait is None:
        return new
    return replace(new, run_after=min(new.run_after, now + unique.longest_wait))


def _message(new: NewTasks, task_id: int) -> Message:
    return Message(
        lane_name(new.queue_name, new.priority),
        new.task_type,
        [task_id],
        origins=(new.traceparent,) if new.traceparent else (),
    )


def _settle_conflict(unique: Unique | None, new: NewTasks, now: datetime) -> Task | None:
    """Do what the caller wants done where the key is taken, and return the task that has it."""
    key = new.unique_keys[0]
    if unique is None or key is None:
        raise AssertionError("only a task with a key can meet another one")
    if unique.on_conflict == "replace":
        replace_payload(key, new.payloads[0], now=now)
    if unique.on_conflict == "debounce":
        debounce(
            key,
            new.payloads[0],
            run_after=new.run_after,
            expires_at=new.expires_at,
            max_wait=unique.longest_wait,
            now=now,
        )
    existing = Task.objects.filter(unique_key=key).first()
    if existing is not None and unique.on_conflict == "reject":
        raise DuplicateTask(
            f"task {existing.pk} ({existing.state}) has the same key; "
            "use on_conflict='return' to get it instead of this error"
        )
    return existing


def _task(task_id: int, new: NewTasks, stored: str, key: str | None, now: datetime) -> Task:
    """Return the row as it was written, without asking the database for it."""
    written = {
        "id": task_id,
        "task_type": new.task_type,
        "queue_name": new.queue_name,
        "priority": new.priority,
        "payload": json.loads(stored),
        "run_after": new.run_after,
        "expires_at": new.expires_at,
        "enqueued_at": now,
        "queued_at": new.queued_at,
        "state": State.QUEUED if new.queued_at else State.SCHEDULED,
        "retry_policy_id": new.retry_policy_id,
        "retry": json.loads(new.retry) if new.retry else None,
        "idempotency_key": key,
        "unique_key": new.unique_keys[0],
        "unique_until": new.unique_until,
        "correlation_id": new.correlation_id,
        "tags": new.tags,
        "replay_of_id": new.replay_of_id,
        "traceparent": new.traceparent,
    }
    # By position, as Django makes them from rows: by keyword takes three times as long.
    fields = Task._meta.concrete_fields
    values = [written[f.attname] if f.attname in written else f.get_default() for f in fields]
    return Task.from_db(database.alias(), [f.attname for f in fields], values)
