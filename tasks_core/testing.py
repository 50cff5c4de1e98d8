"""For the tests of projects that use the platform: run what is due, here and now."""

from contextlib import AbstractContextManager, nullcontext

from django.db.models import Q

from tasks_core import clock, database
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.registry import task_types
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute

SECONDS_TO_FINISH = 30.0

__all__ = ["enqueued", "run_due"]


def run_due(*, max_tasks: int = 1_000) -> int:
    """Run every task that is due, in order of urgency, and those they make; return how many ran.

    It takes the real way of dispatch, claim and finish on the caller's connection, without the broker.
    Tasks that are due later stay: move the clock with ``tasks_core.clock.frozen``. Inside a ``TestCase``,
    whose transaction other threads do not see, ``async def`` handlers cannot be recorded; use
    ``TransactionTestCase`` for those.
    """
    with _alone():
        ran = 0
        while ran < max_tasks:
            tasks = _queued() or _dispatched()
            if not tasks:
                return ran
            for task_id, task_type in tasks:
                ran += execute(task_type, [task_id], worker="test")
                _finish_async(task_type)
        return ran


def _alone() -> AbstractContextManager[None]:
    """In a transaction, keep the worker's other thread away: it would take what it cannot see for lost."""
    if database.connection().in_atomic_block:
        return worker_process.current().keeper.resting()
    return nullcontext()


def _queued() -> list[tuple[int, str]]:
    """Return tasks that their callers have published."""
    is_in_time = Q(expires_at=None) | Q(expires_at__gt=clock.now())
    queued = Task.objects.filter(is_in_time, state=State.QUEUED).order_by("priority", "id")
    return list(queued.values_list("id", "task_type"))


def _dispatched() -> list[tuple[int, str]]:
    now = clock.now()
    lanes = [(lane, 1) for lane in waiting_lanes() if lane.first_run_after <= now]
    tasks = take_due(lanes, sorted(task_types()), now=now) if lanes else []
    return [(task.id, task.task_type) for task in tasks]


def _finish_async(task_type: str) -> None:
    if task_types()[task_type].is_async:
        process = worker_process.current()
        process.loop.wait_until_idle(seconds=SECONDS_TO_FINISH)
        process.outcomes.flush()


def enqueued(task_type: str | None = None) -> list[Task]:
    """Return the unfinished tasks, the oldest first; of one type if given."""
    tasks = Task.objects.unfinished().order_by("id")
    return list(tasks.filter(task_type=task_type) if task_type else tasks)
