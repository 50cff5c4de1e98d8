"""Write many tasks in the caller's transaction, a thousand in a statement."""

import itertools
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar, Unpack

from django.db import transaction

from tasks_core import database
from tasks_core.broker.nudge import nudge_on_commit
from tasks_core.client.new_tasks import TRIES, UNSETTLED, Row, new_tasks
from tasks_core.client.options import Options, TaskOptions, checked_options, short_text
from tasks_core.client.options import idempotency_key as checked_key
from tasks_core.client.unique import Unique
from tasks_core.database import server_clock
from tasks_core.exceptions import (
    InvalidOption,
    InvalidPayload,
    UnsettledKey,
)
from tasks_core.models import Task
from tasks_core.registry import TaskType, get_task_type, require_allowed
from tasks_core.sql.insert import NewTasks, insert, reserve_ids
from tasks_core.tracing import switch

CHUNK = 1_000


def enqueue_many(
    task_type: str,
    payloads: Iterable[Any],
    *,
    idempotency_keys: Sequence[str] | None = None,
    correlation_ids: Sequence[str] | None = None,
    inner: bool = False,
    **options: Unpack[TaskOptions],
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
    checked = checked_options(registered, options, now=now)
    rows = _rows(registered, payloads, idempotency_keys, correlation_ids, now)
    with transaction.atomic(using=database.alias(), savepoint=False):
        if idempotency_keys is None:
            ids = _insert_all(registered, checked, rows, now)
        else:
            ids = _insert_all_by_key(registered, checked, rows, now)
        if checked.run_after <= now:
            nudge_on_commit()
    return ids


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
        new = new_tasks(registered, options, chunk, None, None)
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
            new = new_tasks(registered, options, [row for row, _ in chunk], None, None)
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
