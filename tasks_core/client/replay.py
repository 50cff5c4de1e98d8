"""Run finished tasks again, and resolve their dead letters."""

import json
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from tasks_core import clock, database
from tasks_core.client.control import MAX_REASON
from tasks_core.client.enqueue import insert_one
from tasks_core.client.find import get
from tasks_core.client.options import Options, short_text
from tasks_core.client.payload_edit import with_kept_secrets
from tasks_core.engine.states import EventKind
from tasks_core.exceptions import DeadLetterNotFound, InvalidTransition, ReplayRefused
from tasks_core.models import DeadLetter, Task, TaskEvent
from tasks_core.payloads import opened
from tasks_core.priority import Priority
from tasks_core.registry import TaskType, get_task_type, require_allowed

LONGEST_NOTE = 10_000


def enqueue_again(task_id: int, *, payload: Any = None) -> Task:
    """Enqueue a copy of a finished task, linked to it; with another ``payload`` if one is given.

    That of an inner type keeps its payload, and is copied only if the type judges replays.

    Raises:
        TaskNotFound: there is no such task.
        InvalidTransition: it has not finished; the message names its state.
        ReplayRefused: its type says that running it again would come to nothing, or is an inner one.
        UnknownTaskType, InnerTaskType, InvalidPayload: its type or the new payload is not valid (any more).
    """
    task = get(task_id)
    if not task.is_finished:
        raise InvalidTransition(
            f"task {task_id} is {task.state}; only a finished task can be enqueued again"
        )
    return _copy(task, payload)


def replay(dead_letter_id: int, *, payload: Any = None, note: str = "") -> Task:
    """Enqueue the dead task again, as a new task linked both ways, and resolve the dead letter.

    Its handler gets the idempotency key that it got before: an attempt that timed out may have had its
    effect. Another ``payload`` is other work, and has a key of its own; a secret that is masked in it, as
    pages and ``show_task`` show it, stays as it is.

    Raises:
        DeadLetterNotFound: there is no such dead letter.
        InvalidTransition: it has been resolved already.
        ReplayRefused: its type says that running it again would come to nothing, or is an inner one that does
            not judge replays; it stays unresolved.
        UnknownTaskType, InnerTaskType, InvalidPayload: its type or the new payload is not valid (any more).
        InvalidOption: ``note`` has more than 10,000 characters, or cannot be stored.
    """
    with transaction.atomic(using=database.alias()):
        letter = _resolve(dead_letter_id, DeadLetter.Resolution.REPLAYED, note)
        task = _copy(letter.task, payload, keeps_key=True)
        DeadLetter.objects.filter(pk=letter.pk, replayed_as=None).update(replayed_as=task)
        data = {"replayed_as": task.pk, "edited": payload is not None}
        _record(letter, EventKind.REPLAYED, {**data, **_said(note)})
    return task


def discard(dead_letter_id: int, *, note: str) -> None:
    """Resolve a dead letter without running its task again.

    Raises:
        DeadLetterNotFound: there is no such dead letter.
        InvalidTransition: it has been resolved already.
        InvalidOption: ``note`` has more than 10,000 characters, or cannot be stored.
    """
    with transaction.atomic(using=database.alias()):
        letter = _resolve(dead_letter_id, DeadLetter.Resolution.DISCARDED, note)
        _record(letter, EventKind.DISCARDED, _said(note) or None)


def _resolve(dead_letter_id: int, resolution: str, note: str) -> DeadLetter:
    short_text("note", note, LONGEST_NOTE)
    changed = (
        DeadLetter.objects.unresolved()
        .filter(pk=dead_letter_id)
        .update(resolution=resolution, resolved_at=clock.now(), note=note)
    )
    letter = DeadLetter.objects.select_related("task").filter(pk=dead_letter_id).first()
    if letter is None:
        raise DeadLetterNotFound(f"there is no dead letter {dead_letter_id}")
    if not changed:
        raise InvalidTransition(
            f"dead letter {dead_letter_id} has been {letter.resolution} already, "
            f"on {letter.resolved_at:%Y-%m-%d %H:%M} UTC"
        )
    return letter


def _said(note: str) -> dict[str, Any]:
    return {"note": note[:MAX_REASON]} if note else {}


def _record(letter: DeadLetter, kind: EventKind, data: dict[str, Any] | None) -> None:
    TaskEvent.objects.create(
        task_id=letter.task_id,
        task_type=letter.task_type,
        kind=kind,
        attempt=letter.attempts,
        at=clock.now(),
        data=data,
    )


def _check_replay(registered: TaskType, payload: Any) -> None:
    if registered.is_inner and registered.refuses_replay is None:
        raise ReplayRefused(
            f"task type {registered.name!r} is inner, and its tasks are not replayed; ask once more for what "
            "it was to do"
        )
    refusal = registered.refuses_replay(payload) if registered.refuses_replay else ""
    if refusal:
        raise ReplayRefused(refusal)


def _key_of(task: Task) -> str:
    return task.idempotency_key or f"task-{task.pk}"


def _is_same(stored: Any, before: Any) -> bool:
    if stored == before:
        return True
    try:
        return bool(opened(stored) == opened(before))
    except ImproperlyConfigured:  # no key opens the one before any more
        return False


def _copy(task: Task, payload: Any, *, keeps_key: bool = False) -> Task:
    """Insert the same task once more, due now, without the expiry of the first and its claim on a key.

    The tick of its schedule stays the one that was intended.
    """
    registered = get_task_type(task.task_type)
    if payload is None:
        stored = json.dumps(task.payload)
    else:
        require_allowed(registered, inner=False)
        payload = with_kept_secrets(payload, task.payload)
        stored = registered.schema.store(payload, max_bytes=registered.max_payload_bytes)
    _check_replay(registered, registered.schema.load(json.loads(stored)))
    keeps_key = keeps_key and (payload is None or _is_same(json.loads(stored), task.payload))
    key = _key_of(task) if keeps_key else None
    now = clock.now()
    options = Options(
        queue_name=task.queue_name,
        priority=Priority(task.priority),
        run_after=now,
        expires_at=None,
        retry_policy_id=task.retry_policy_id,
        retry=json.dumps(task.retry) if task.retry else None,
        tags=task.tags,
        correlation_id=task.correlation_id,
    )
    with transaction.atomic(using=database.alias()):
        copy = insert_one(
            registered, options, stored, key=key, unique=None, replay_of_id=task.pk, now=now
        )
        if task.schedule_id is not None:
            copy.schedule_id, copy.scheduled_for = task.schedule_id, task.scheduled_for
            Task.objects.filter(pk=copy.pk, schedule_id=None).update(
                schedule_id=task.schedule_id, scheduled_for=task.scheduled_for
            )
    return copy
