"""What operators and callers do to tasks that have not ended: cancel, run now, wake."""

from collections.abc import Sequence

from django.db import transaction

from tasks_core import clock, database
from tasks_core.broker.nudge import nudge_on_commit
from tasks_core.client.find import get
from tasks_core.client.options import short_text
from tasks_core.exceptions import InvalidTransition
from tasks_core.outcomes.unsuccessful import announce_unsuccessful
from tasks_core.sql.bring_forward import bring_forward
from tasks_core.sql.bring_forward import wake as bring_all_forward
from tasks_core.sql.end import cancel as cancel_statement

MAX_REASON = 200


def cancel(task_id: int, *, reason: str) -> bool:
    """End an unfinished task as CANCELLED; return False if it had ended already.

    A handler that is running learns of it through ``context.cancelled``; what it returns is dropped.

    Raises:
        TaskNotFound: there is no such task.
        InvalidOption: ``reason`` cannot be stored; of more than 200 characters the first are kept.
    """
    if cancel_many([task_id], reason=reason):
        return True
    get(task_id)
    return False


def cancel_many(task_ids: list[int], *, reason: str) -> list[int]:
    """Cancel those of ``task_ids`` that are unfinished; return them.

    Raises:
        InvalidOption: as ``cancel``.
    """
    return _cancel(task_ids, reason, terminate=False)


def terminate_many(task_ids: list[int], *, reason: str) -> list[int]:
    """Cancel those of ``task_ids`` that are unfinished, without a grace time; return them.

    A handler that is running is ended with its process within two seconds (prefork pool only; elsewhere it
    is told, as by ``cancel``). Other tasks of that process go back unused.
    """
    return _cancel(task_ids, reason, terminate=True)


def _cancel(task_ids: list[int], reason: str, *, terminate: bool) -> list[int]:
    reason = short_text("reason", reason[:MAX_REASON], MAX_REASON)
    with transaction.atomic(using=database.alias()):
        ids = cancel_statement(task_ids, reason=reason, now=clock.now(), terminate=terminate)
        announce_unsuccessful(ids)
    return ids


def run_now(task_id: int) -> None:
    """Let a waiting task start as soon as possible instead of at its ``run_after``.

    Raises:
        TaskNotFound: there is no such task.
        InvalidTransition: it does not wait; the message names its state.
    """
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        if not bring_forward(task_id, now=now):
            task = get(task_id)
            raise InvalidTransition(
                f"task {task_id} is {task.state}; only a task that is SCHEDULED or RETRYING can be "
                "brought forward"
            )
        nudge_on_commit()


def wake(task_ids: Sequence[int]) -> int:
    """Let tasks that sleep (``Snooze``, or a later ``run_after``) start now; return how many did sleep.

    One that is running, and snoozes in this attempt, does not fall asleep. Those that wait for another
    attempt stay as they are, and so do those that are on their way already: it is a hint, and may come
    late or twice. Call it after the transaction that gives the reason (``transaction.on_commit``).
    """
    if not task_ids:
        return 0
    woken = bring_all_forward(task_ids, now=clock.now())
    if woken:
        nudge_on_commit()
    return len(woken)
