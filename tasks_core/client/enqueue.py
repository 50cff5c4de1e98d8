"""Write tasks in the caller's transaction."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, TypeVar

from django.db import transaction

from tasks_core import database
from tasks_core.broker.message import Message
from tasks_core.broker.nudge import nudge_on_commit
from tasks_core.client import publish_on_commit
from tasks_core.client.options import Options, checked_options, instant, short_text, span
from tasks_core.client.options import idempotency_key as checked_key
from tasks_core.client.unique import Unique
from tasks_core.correlation_ids import current_correlation_id
from tasks_core.database import server_clock
from tasks_core.engine.retry import RetryRule
from tasks_core.engine.states import State
from tasks_core.exceptions import (
    DuplicateTask,
    InvalidOption,
    InvalidPayload,
    InvalidSchedule,
    UnsettledKey,
)
from tasks_core.lanes import lane_name
from tasks_core.models import Task
from tasks_core.registry import TaskType, get_task_type, require_allowed
from tasks_core.sql.insert import NewTasks, insert, reserve_ids
from tasks_core.sql.replace import debounce, replace_payload
from tasks_core.tracing import switch

CHUNK = 1_000

TRIES = 20
"""How often a key may turn out to be taken, and to be free again when its task is looked for."""

UNSETTLED = (
    f"the key was taken {TRIES} times, and each time no task had it when it was looked for; try again, and "
    "look for a trigger or a row security policy on the table of tasks that hides them"
)


def enqueue(
    task_type: str,
    payload: Any,
    *,
    run_after: datetime | None = None,
    priority: int | None = None,
    queue_name: str | None = None,
    expires_at: datetime | None = None,
    idempotency_key: str | None = None,
    unique: Unique | None = None,
    retry: RetryRule | str | None = None,
    tags: Iterable[str] = (),
    correlation_id: str | None = None,
    inner: bool = False,
) -> Task:
    """Store a task in the caller's transaction, to run as soon as that is committed.

    If the transaction rolls back, nothing has happened. Once it is committed, the task ends in exactly one
    final state, whatever fails in between.

    Args:
        task_type: registered name.
        payload: what the type's schema takes; at most MAX_PAYLOAD_BYTES as JSON.
        run_after: aware datetime before which it does not start; now if not given.
        priority: 0 (critical) to 3 (low); the type's if not given.
        queue_name: the type's if not given.
        expires_at: aware datetime; no attempt begins from then on.
        idempotency_key: a second task of this type with the same key is not made, as long as the first is
            kept; the first is returned. It also reaches the handler.
        unique: a finer rule of what is a duplicate and what happens then.
        retry: a rule, or the name of a RetryPolicy; the type's if not given.
        tags: words to find it by.
        correlation_id: handed to the handler and inherited by the tasks it makes. If not given, that of
            the block of ``correlation``, of the HTTP request or of the handler that calls, if any.
        inner: said by the app that owns an inner type; never where the type comes from people.

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
    options = checked_options(
        registered,
        now=now,
        run_after=run_after,
        expires_at=expires_at,
        priority=priority,
        queue_name=queue_name,
        retry=retry,
        tags=tags,
        correlation_id=_correlation_id(correlation_id),
    )
    stored = registered.schema.store(payload, max_bytes=registered.max_payload_bytes)
    key = checked_key(idempotency_key)
    rule = unique or (Unique(key=key, until="forever") if key is not None else None)
    return insert_one(registered, options, stored, key=key, unique=rule, replay_of_id=None, now=now)


def schedule_once(task_type: str, payload: Any, *, at: datetime, **options: Any) -> Task:
    """Store a task that runs once, at the aware datetime ``at`` or as soon as possible after it.

    Takes the options of ``enqueue`` except ``run_after``, and raises what it raises.
    """
    _refuse_run_after(options, "at")
    return enqueue(task_type, payload, run_after=instant("at", at), **options)


def schedule_delayed(
    task_type: str, payload: Any, *, delay: timedelta | float, **options: Any
) -> Task:
    """Store a task that runs once, ``delay`` (a timedelta or seconds, not negative) from now.

    Takes the options of ``enqueue`` except ``run_after``, and raises what it raises.
    """
    _refuse_run_after(options, "delay")
    at = server_clock.callers_now() + span("delay", delay, error=InvalidSchedule)
    return enqueue(task_type, payload, run_after=at, **options)


def enqueue_many(
    task_type: str,
    payloads: Iterable[Any],
    *,
    run_after: datetime | None = None,
    priority: int | None = None,
    queue_name: str | None = None,
    expires_at: datetime | None = None,
    idempotency_keys: Sequence[str] | None = None,
    retry: RetryRule | str | None = None,
    tags: Iterable[str] = (),
    correlation_id: str | None = None,
    correlation_ids: Sequence[str] | None = None,
    inner: bool = False,
) -> list[int]:
    """Store one task for each payload, a thousand in a statement, and return their ids in order.

    All are stored or none. ``idempotency_keys`` has one key for each payload; where a key is taken, the
    id is that of the task that has it. ``correlation_ids`` has one for each payload, instead of one for
    all. For the rest see ``enqueue``.

    Raises:
        UnknownTaskType, InnerTaskType, InvalidPayload, InvalidSchedule, InvalidOption: nothing was written;
            the message says which payload is wrong.
    """
    registered = get_task_type(task_type)
    require_allowed(registered, inner=inner)
    now = server_clock.callers_now()
    options = checked_options(
        registered,
        now=now,
        run_after=run_after,
        expires_at=expires_at,
        priority=priority,
        queue_name=queue_name,
        retry=retry,
        tags=tags,
        correlation_id=_correlation_id(correlation_id),
    )
    rows = _rows(registered, payloads, idempotency_keys, correlation_ids, now)
    with transaction.atomic(using=database.alias(), savepoint=False):
        if idempotency_keys is None:
            ids = _insert_all(registered, options, rows, now)
        else:
            ids = _insert_all_by_key(registered, options, rows, now)
        if options.run_after <= now:
            nudge_on_commit()
    return ids


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
    new = _new_tasks(registered, options, [(stored, key, unique_key, None)], until, replay_of_id)
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


def _correlation_id(given: str | None) -> str:
    return current_correlation_id() if given is None else given


Row = tuple[str, str | None, str | None, str | None]
"""Stored payload, idempotency key, unique key, correlation id."""


def _rows(
    registered: TaskType,
    payloads: Iterable[Any],
    keys: Sequence[str] | None,
    correlation_ids: Sequence[str] | None,
    now: datetime,
) -> Iterator[Row]:
    """Check every payload before the first is inserted."""
    rows: list[Row] = []
    for position, payload in enumerate(payloads):
        try:
            stored = registered.schema.store(payload, max_bytes=registered.max_payload_bytes)
        except InvalidPayload as error:
            raise type(error)(f"payloads[{position}]: {error}") from None
        key = checked_key(_of(keys, position, "idempotency_keys"))
        correlation_id = _of(correlation_ids, position, "correlation_ids")
        if correlation_id is not None:
            correlation_id = short_text("correlation_ids", correlation_id, 128)
        unique = Unique(key=key, until="forever") if key is not None else None
        unique_key = unique.key_of(registered.name, stored, now=now) if unique else None
        rows.append((stored, key, unique_key, correlation_id))
    for name, given in (("idempotency_keys", keys), ("correlation_ids", correlation_ids)):
        if given is not None and len(given) != len(rows):
            raise InvalidOption(f"{name} has {len(given)} values for {len(rows)} payloads")
    return iter(rows)


def _of(values: Sequence[str] | None, position: int, name: str) -> str | None:
    if values is None:
        return None
    if position >= len(values):
        raise InvalidOption(f"{name} has {len(values)} values, fewer than the payloads")
    return values[position]


def _insert_all(
    registered: TaskType, options: Options, rows: Iterable[Row], now: datetime
) -> list[int]:
    ids: list[int] = []
    for chunk in _chunks(rows):
        new = _new_tasks(registered, options, chunk, None, None)
        ids.extend(task_id for task_id in _inserted(new, now) if task_id is not None)
    return ids


def _insert_all_by_key(
    registered: TaskType, options: Options, rows: Iterable[Row], now: datetime
) -> list[int]:
    """Insert in the order of the keys, with ids in the order of the payloads.

    Whoever meets a key that another transaction has just inserted waits for that one. If all go through
    their keys in the same order, no two can wait for each other.
    """
    wanted = list(rows)
    reserved = reserve_ids(len(wanted))
    missing: dict[str | None, tuple[Row, int]] = {}
    for row, task_id in zip(wanted, reserved, strict=True):
        missing.setdefault(row[2], (row, task_id))
    found: dict[str | None, int] = {}
    for _ in range(TRIES):
        for chunk in _chunks(missing[key] for key in sorted(missing, key=str)):
            new = _new_tasks(registered, options, [row for row, _ in chunk], None, None)
            ids = _inserted(replace(new, ids=[task_id for _, task_id in chunk]), now)
            inserted = zip(new.unique_keys, ids, strict=True)
            found.update((key, task_id) for key, task_id in inserted if task_id is not None)
            found.update(_known([key for key in new.unique_keys if key not in found]))
        # A key that was taken, and has just been freed, is tried again.
        missing = {key: row for key, row in missing.items() if key not in found}
        if not missing:
            break
    else:
        raise UnsettledKey(UNSETTLED)
    return [found[row[2]] for row in wanted]


def _inserted(new: NewTasks, now: datetime) -> list[int | None]:
    if not switch.is_on:
        return insert(new, now=now)
    from tasks_core.tracing.enqueue_span import enqueue_span
    from tasks_core.tracing.traceparent import traceparent_of

    with enqueue_span(new) as span:
        return insert(replace(new, traceparent=traceparent_of(span)), now=now)


def _known(keys: list[str | None]) -> Iterable[tuple[str | None, int]]:
    return Task.objects.filter(unique_key__in=keys).values_list("unique_key", "pk") if keys else ()


T = TypeVar("T")


def _chunks(rows: Iterable[T]) -> Iterator[list[T]]:
    rest = iter(rows)
    while chunk := list(itertools.islice(rest, CHUNK)):
        yield chunk


def _new_tasks(
    registered: TaskType,
    options: Options,
    rows: list[Row],
    unique_until: str | None,
    replay_of_id: int | None,
) -> NewTasks:
    return NewTasks(
        task_type=registered.name,
        queue_name=options.queue_name,
        priority=int(options.priority),
        run_after=options.run_after,
        expires_at=options.expires_at,
        payloads=[row[0] for row in rows],
        idempotency_keys=[row[1] for row in rows],
        unique_keys=[row[2] for row in rows],
        correlation_ids=[row[3] for row in rows],
        unique_until=unique_until,
        retry_policy_id=options.retry_policy_id,
        retry=options.retry,
        correlation_id=options.correlation_id,
        tags=options.tags,
        replay_of_id=replay_of_id,
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


def _refuse_run_after(options: dict[str, Any], instead: str) -> None:
    if "run_after" in options:
        raise InvalidOption(f"run_after cannot be combined with {instead}; use enqueue()")


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
