"""Derive the state of tasks from their events, and find where the table says something else."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from tasks_core import clock, database
from tasks_core.database import fetch
from tasks_core.engine.derivation import NOTHING, Derived, replay
from tasks_core.engine.events import Event, read_event
from tasks_core.engine.states import FINAL, State
from tasks_core.events.partitions import bounds
from tasks_core.models import EventPartition, Task, TaskEvent, TaskHistory
from tasks_core.outcomes.retention import retention

TASKS = 2_000
EVENTS = 20_000
"""A chunk ends with the task that reaches one of these numbers."""

FIELDS = ("state", "attempts", "attempts_returned", "started_at", "finished_at")
COLUMNS = ("kind", "id", "task_id", "task_type", "attempt", "at", "duration", "data")

_END = """
SELECT LEAST(
    (SELECT id FROM tasks_core_task WHERE id > %(after)s ORDER BY id OFFSET %(tasks)s LIMIT 1),
    (SELECT task_id FROM tasks_core_taskhistory WHERE task_id > %(after)s
        ORDER BY task_id OFFSET %(tasks)s LIMIT 1),
    (SELECT task_id FROM tasks_core_taskevent WHERE task_id > %(after)s
        ORDER BY task_id OFFSET %(events)s LIMIT 1)
), GREATEST(
    (SELECT max(id) FROM tasks_core_task),
    (SELECT max(task_id) FROM tasks_core_taskhistory),
    (SELECT task_id FROM tasks_core_taskevent ORDER BY task_id DESC LIMIT 1)
)
"""


@dataclass(frozen=True, slots=True)
class Difference:
    """A fact that the table and the events do not agree on.

    Attributes:
        field: the column; ``row`` if there are events and no task; ``events`` if there are no events or
            the table of transitions does not allow them.
        stored: what the table of tasks has; None if there is nothing.
        derived: what the events lead to, or in words what is wrong with them.
    """

    task_id: int
    task_type: str
    field: str
    stored: object
    derived: object


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some tasks that were compared, and up to which id that is all of them."""

    tasks: int
    last_id: int
    differences: list[Difference]


def rebuild(*, after: int = 0, until: int | None = None) -> Iterator[Chunk]:
    """Compare all tasks with what their events lead to, in the order of their ids.

    Each chunk is read from one snapshot of the database, in a transaction of its own, so tasks may go on
    meanwhile. It cannot run inside of another transaction.

    Args:
        after: begin after this id, for example where an earlier run was interrupted.
        until: end with this id; None means the last one.
    """
    while (chunk := _compare_next(after, until)) is not None:
        yield chunk
        after = chunk.last_id


def rebuild_task(task_id: int) -> list[Difference]:
    """Compare one task with what its events lead to."""
    return [d for chunk in rebuild(after=task_id - 1, until=task_id) for d in chunk.differences]


def _compare_next(after: int, until: int | None) -> Chunk | None:
    with transaction.atomic(using=database.alias(), durable=True):
        with database.connection().cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        end = _end(after, until)
        return None if end is None else _compare(after, end)


def _end(after: int, until: int | None) -> int | None:
    """Return the last id of the chunk that begins after ``after``, None if there is none."""
    parameters = {"after": after, "tasks": TASKS - 1, "events": EVENTS - 1}
    enough, last = fetch(_END, parameters)[0]
    if until is not None and last is not None:
        last = min(last, until)
    if last is None or last <= after:
        return None
    return int(last if enough is None else min(enough, last))


def _compare(after: int, end: int) -> Chunk:
    now = clock.now()
    tasks = {task.pk: task for task in _tasks(after, end)}
    histories = TaskHistory.objects.filter(task_id__gt=after, task_id__lte=end).in_bulk()
    compared = 0
    differences: list[Difference] = []
    for task_id, rows in _events_by_task(after, end, {*tasks, *histories}):
        compared += 1
        task, history = tasks.get(task_id), histories.get(task_id)
        differences += _differences(task_id, task, history, rows, now)
    return Chunk(compared, end, sorted(differences, key=lambda d: d.task_id))


def _tasks(after: int, end: int) -> QuerySet[Task]:
    return Task.objects.filter(pk__gt=after, pk__lte=end).only("task_type", *FIELDS).order_by()


def _events_by_task(
    after: int, end: int, others: set[int]
) -> Iterator[tuple[int, Iterator[dict[str, Any]]]]:
    """Return each task with its events in their order, then those of ``others`` that have none."""
    events = TaskEvent.objects.filter(task_id__gt=after, task_id__lte=end)
    for mark in EventPartition.objects.all():
        start, next_start = bounds(mark.day)
        events = events.exclude(
            at__gte=start,
            at__lt=next_start,
            task_id__lte=mark.position,
            transaction_id__lt=mark.boundary,
        )
    rows = events.order_by("task_id", "id").values(*COLUMNS).iterator(chunk_size=2_000)
    for task_id, group in groupby(rows, key=lambda row: int(row["task_id"])):
        others.discard(task_id)
        yield task_id, group
    for task_id in others:
        yield task_id, iter(())


def _differences(
    task_id: int,
    task: Task | None,
    history: TaskHistory | None,
    rows: Iterator[dict[str, Any]],
    now: datetime,
) -> list[Difference]:
    story = _Story(rows, task_type=task.task_type if task else history.task_type if history else "")
    replayed = replay(story.events(), _start(history))
    found = [
        Difference(task_id, story.task_type, field, stored, derived)
        for field, stored, derived in _contradictions(task, replayed.derived, now)
    ]
    wrong = [*story.unknown, *replayed.violations]
    state = task.state if task else None
    return found + [Difference(task_id, story.task_type, "events", state, text) for text in wrong]


class _Story:
    """The events of one task; kinds that this version does not know are noted and left out."""

    def __init__(self, rows: Iterator[dict[str, Any]], *, task_type: str) -> None:
        self.task_type = task_type
        self.unknown: list[str] = []
        self._rows = rows

    def events(self) -> Iterator[Event]:
        for row in self._rows:
            self.task_type = self.task_type or row["task_type"]
            try:
                yield read_event(**row)
            except ValueError as error:
                self.unknown.append(f"event {row['id']}: {error}")


def _start(history: TaskHistory | None) -> Derived:
    if history is None:
        return NOTHING
    return Derived(
        state=State(history.state) if history.state else None,
        state_event_id=history.state_event_id,
        attempts=history.attempts,
        attempts_returned=history.attempts_returned,
        started_at=history.started_at,
        finished_at=history.finished_at,
    )


def _contradictions(
    task: Task | None, derived: Derived, now: datetime
) -> Iterator[tuple[str, object, object]]:
    if task is None:
        if not _is_removed_by_age(derived, now):
            yield "row", None, derived.state and str(derived.state)
    elif derived.state is None:
        yield "events", task.state, "none that led to a state"
    else:
        for field in FIELDS:
            stored, told = getattr(task, field), getattr(derived, field)
            if stored != told:
                yield field, stored, told


def _is_removed_by_age(derived: Derived, now: datetime) -> bool:
    if derived.state not in FINAL or derived.finished_at is None:
        return False
    return derived.finished_at < now - retention(derived.state)
