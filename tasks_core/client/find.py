"""Read tasks: find them by what is known of them, and wait for one to end."""

import logging
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeVar

from tasks_core import clock
from tasks_core.client.options import instant, short_text, span
from tasks_core.database.readable_rows import read_rows, what_is_wrong
from tasks_core.engine.states import State
from tasks_core.exceptions import InvalidOption, TaskNotFound
from tasks_core.models import Task
from tasks_core.models.task import TaskQuerySet

logger = logging.getLogger(__name__)

Value = TypeVar("Value")

LONGEST_TEXT = 1_000
MAX_LIMIT = 1_000
FIRST_PAUSE, LONGEST_PAUSE = 0.02, 0.5


@dataclass(frozen=True, slots=True)
class Page:
    """Some tasks, and where the next ones begin.

    ``next_after`` goes into the next call's ``after``; None on the last page.
    """

    tasks: list[Task]
    next_after: int | None


def get(task_id: int) -> Task:
    """Return the task as it is now.

    Raises:
        TaskNotFound: there is none, or it has been removed by age.
    """
    task = Task.objects.filter(pk=task_id).first()
    if task is None:
        raise TaskNotFound(f"there is no task {task_id}; finished tasks are removed after a while")
    return task


def find(
    *,
    states: Iterable[str] = (),
    task_types: Iterable[str] = (),
    queue_names: Iterable[str] = (),
    tags: Iterable[str] = (),
    correlation_id: str | None = None,
    enqueued_from: datetime | None = None,
    enqueued_until: datetime | None = None,
    overdue_by: timedelta | None = None,
    after: int | None = None,
    limit: int = 100,
) -> Page:
    """Return the newest tasks that fit all of the conditions, a page at a time.

    One whose row Python cannot read is left out, and the log says so.

    Args:
        states: any of these; empty means all.
        task_types: any of these; empty means all.
        queue_names: any of these; empty means all.
        tags: all of these.
        correlation_id: exactly this; None or empty means any.
        enqueued_from: aware datetime, included.
        enqueued_until: aware datetime, not included.
        overdue_by: not begun although they were due so long ago, those in the broker among them.
        after: ``next_after`` of the page before. Tasks made meanwhile do not shift the pages.
        limit: tasks on a page, 1 to 1,000.

    Raises:
        InvalidOption: names the argument and what would be right.
    """
    sensible_limit(limit)
    tasks = _filtered(Task.objects.order_by("-id"), states, task_types, queue_names, tags)
    if correlation_id:
        short_text("correlation_id", correlation_id, LONGEST_TEXT)
        # As with tags, the index is used only where the query repeats its condition.
        tasks = tasks.filter(correlation_id=correlation_id).exclude(correlation_id="")
    tasks = _between(tasks, enqueued_from, enqueued_until)
    if overdue_by is not None:
        tasks = tasks.overdue(clock.now() - span("overdue_by", overdue_by))
    if after is not None:
        tasks = tasks.filter(pk__lt=after)
    found = read_rows(tasks, limit=limit + 1)
    for key, error in found.unreadable.items():
        logger.error("task %s is left out of what was found: %s", key, what_is_wrong(error))
    keys = sorted([*(task.pk for task in found.sound), *found.unreadable], reverse=True)
    if len(keys) <= limit:
        return Page(found.sound, None)
    last = keys[limit - 1]
    return Page([task for task in found.sound if task.pk >= last], last)


def wait(task_id: int, *, timeout: float) -> Task:
    """Wait until the task has ended and return it, whatever its final state is.

    It asks the database, so it must not be called inside a transaction that others need to see, nor in a
    handler: a worker that waits for workers may wait for ever.

    Raises:
        TaskNotFound: there is no such task.
        TimeoutError: it has not ended within ``timeout`` seconds; the message names its state.
    """
    deadline = time.monotonic() + timeout
    pause = FIRST_PAUSE
    while True:
        task = get(task_id)
        if task.is_finished:
            return task
        if time.monotonic() + pause > deadline:
            raise TimeoutError(f"task {task_id} is still {task.state} after {timeout:g} s")
        time.sleep(pause)
        pause = min(pause * 1.5, LONGEST_PAUSE)


def _filtered(
    tasks: TaskQuerySet,
    states: Iterable[str],
    task_types: Iterable[str],
    queue_names: Iterable[str],
    tags: Iterable[str],
) -> TaskQuerySet:
    wanted = [_state(state) for state in listed("states", states)]
    for field, values in (
        ("state", wanted),
        ("task_type", listed("task_types", task_types)),
        ("queue_name", listed("queue_names", queue_names)),
    ):
        if values:
            tasks = tasks.filter(**{f"{field}__in": values})
    words = listed("tags", tags)
    # The index leaves out tasks without tags, and is used only where the query says so too.
    return tasks.filter(tags__contains=words).exclude(tags=[]) if words else tasks


def _between(tasks: TaskQuerySet, start: datetime | None, end: datetime | None) -> TaskQuerySet:
    if start is not None:
        tasks = tasks.filter(enqueued_at__gte=instant("enqueued_from", start, error=InvalidOption))
    if end is not None:
        tasks = tasks.filter(enqueued_at__lt=instant("enqueued_until", end, error=InvalidOption))
    return tasks


def sensible_limit(limit: int) -> None:
    """Refuse a page that is empty or too large for the memory.

    Raises:
        InvalidOption: says what would be right.
    """
    if not 1 <= limit <= MAX_LIMIT:
        raise InvalidOption(f"limit must lie between 1 and {MAX_LIMIT}, not {limit}")


def listed(name: str, values: Iterable[Value]) -> list[Value]:
    """Return ``values``, the argument called ``name``, as a list.

    Raises:
        InvalidOption: it is one string, whose letters would be taken for the values, or has a text in it that
            no row can have.
    """
    if isinstance(values, str):
        raise InvalidOption(f"{name} must be a list, not one string")
    found = list(values)
    for one in found:
        if isinstance(one, str):
            short_text(f"each of {name}", one, LONGEST_TEXT)
    return found


def _state(value: str) -> str:
    try:
        return State(value.upper()).value
    except ValueError:
        known = ", ".join(State)
        raise InvalidOption(f"states: {value!r} is no state; there are {known}") from None
