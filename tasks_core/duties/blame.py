"""Who is to blame for the end of a process: judged when the tasks that it had in hand are found."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto

from tasks_core import conf
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.models import Worker
from tasks_core.models.worker import HEARTBEAT
from tasks_core.sql.recover import AbandonedTask, in_company, note_company, times_lost

_failing = RowBackoff(
    "that task {} was not alone in its process cannot be noted",
    "Mend what refuses the change (a trigger, a constraint): the task may be blamed for others.",
)

SILENCE = 1.5 * HEARTBEAT
"""The main process of a worker whose last heartbeat is older has probably ended."""

RENEWAL_SECONDS = 2.0
"""By so much, at most, a process renews a lease later than when a third of it is over."""


class Blame(Enum):
    """For whom an attempt was lost."""

    OWN = auto()
    """The task was alone in its process, and nothing but that process has ended."""
    SHARED = auto()
    """Its process had others in hand: it may be any of them."""
    MACHINE = auto()
    """All processes of the worker have ended at once: it is none of them."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A lost attempt and whom to blame; ``times`` is how often the task was lost without blame, with this."""

    task: AbandonedTask
    blame: Blame
    times: int


def judge(tasks: Sequence[AbandonedTask], *, now: datetime) -> list[Loss]:
    """Judge lost attempts, in the transaction that has found them.

    Those are left out of which it cannot be told yet whether more than their process has ended: that is a
    matter of seconds.
    """
    if not tasks:
        return []
    workers = Worker.objects.in_bulk({_name(task) for task in tasks}, field_name="name")
    judged = [(task, _blame(task, workers.get(_name(task)), now)) for task in tasks]
    found = Counter(task.worker for task in tasks)
    others = in_company(
        {task.worker for task in tasks if task.in_hand > found[task.worker]},
        apart_from=_failing.ids(),
    )
    _failing.serve(others, note_company, key=lambda task_id: task_id)
    times = times_lost(
        [task.id for task, blame in judged if blame is not Blame.OWN and task.attempts_returned]
    )
    return [
        Loss(task, blame, times.get(task.id, 0) + 1) for task, blame in judged if blame is not None
    ]


def _name(task: AbandonedTask) -> str:
    """Return the worker's name: what stands before the number of the process."""
    return task.worker.rpartition(":")[0]


def _blame(task: AbandonedTask, worker: Worker | None, now: datetime) -> Blame | None:
    has_outlived = True if worker is None else _has_outlived(task, worker, now)
    if has_outlived is False:
        return Blame.MACHINE
    if not task.was_alone:
        return Blame.SHARED
    return None if has_outlived is None else Blame.OWN


def _has_outlived(task: AbandonedTask, worker: Worker, now: datetime) -> bool | None:
    """Tell whether the worker's main process was there after that of the task; None if it is not known yet.

    A worker of the pools solo and threads has one process only, whose end says nothing about the machine.
    """
    if task.worker == f"{worker.name}:{worker.pid}":
        return True
    if worker.started_at > task.last_attempted_at or worker.stopped_at is not None:
        return False
    lease = timedelta(seconds=conf.current().lease_seconds)
    latest_end = task.lease_until - lease * (2 / 3) + timedelta(seconds=RENEWAL_SECONDS)
    if worker.heartbeat_at >= latest_end:
        return True
    return None if now - worker.heartbeat_at < SILENCE else False
