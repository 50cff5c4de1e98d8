"""Replay dead letters one by one, at a pace, and tell what became of each."""

import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import tasks_core
from tasks_core import clock
from tasks_core.engine.states import State
from tasks_core.exceptions import InvalidRequest, InvalidTransition, TasksCoreError
from tasks_core.models import Task

LOOK_SECONDS = 0.5
"""How often the canary is looked at."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What became of one dead letter: the new task, or why there is none."""

    letter_id: int
    task_id: int | None = None
    problem: str = ""


class CanaryFailed(TasksCoreError):
    """The first replayed task did not succeed, so no other one was replayed."""


def replay_all(
    letter_ids: Iterable[int], *, payload: Any, note: str, go_on: Callable[[], bool]
) -> Iterator[Replayed]:
    """Replay each dead letter while ``go_on`` says so.

    One that cannot be replayed (resolved meanwhile, type gone, payload out of date) holds up no other.
    """
    for letter_id in letter_ids:
        if not go_on():
            return
        try:
            task = tasks_core.replay(letter_id, payload=payload, note=note)
        except (InvalidRequest, InvalidTransition) as error:
            yield Replayed(letter_id, problem=str(error))
        else:
            yield Replayed(letter_id, task_id=task.pk)


def await_canary(task_id: int, *, patience: timedelta, stop: threading.Event) -> None:
    """Wait until the task has succeeded, or ``stop`` is set.

    Raises:
        CanaryFailed: it ended otherwise, or has not ended within ``patience``.
    """
    deadline = clock.now() + patience
    while not stop.is_set():
        task = tasks_core.get(task_id)
        if task.state == State.SUCCEEDED:
            return
        if task.is_finished:
            raise CanaryFailed(
                f"the canary, task {task_id}, ended {task.state}: {task.error or 'no error'}; "
                "no other dead letter was replayed"
            )
        if clock.now() > deadline:
            raise CanaryFailed(_unfinished(task, patience))
        stop.wait(LOOK_SECONDS)


def _unfinished(task: Task, patience: timedelta) -> str:
    doubt = f"; its last error: {task.error}" if task.error else ""
    return (
        f"the canary, task {task.pk}, is still {task.state} after {patience.total_seconds():g} s{doubt}; "
        "no other dead letter was replayed. Wait longer with --canary-timeout, or see check_platform"
    )
