"""Tell the rest of the project, in the same transaction, that tasks have ended without success."""

from collections.abc import Iterable

from django.db import Error
from django.db.models import TextField
from django.db.models.functions import Cast

from tasks_core.database.errors import is_lock_timeout, is_servers_fault
from tasks_core.engine.json_text import stored_json
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful


def announce_unsuccessful(ids: Iterable[int]) -> None:
    """Send ``tasks_unsuccessful`` for the tasks ``ids``; call it in the transaction that ended them."""
    wanted = list(ids)
    if not wanted or not tasks_unsuccessful.has_listeners():
        return
    rows = Task.objects.filter(pk__in=wanted).annotate(text=Cast("payload", TextField()))
    tasks = [
        UnsuccessfulTask(
            task_id=pk, task_type=kind, state=State(state), payload=stored_json(text), error=error
        )
        for pk, kind, state, text, error in rows.values_list(
            "id", "task_type", "state", "text", "error"
        )
    ]
    announce(tasks)


class ReceiverFailed(Exception):
    """A receiver of ``tasks_unsuccessful`` has raised, and neither the database nor a lock is to blame."""


def announce(tasks: list[UnsuccessfulTask]) -> None:
    """Send ``tasks_unsuccessful``, if there is anything to tell."""
    if tasks:
        tasks_unsuccessful.send(sender=Task, tasks=tasks)


def announce_to_strangers(tasks: list[UnsuccessfulTask]) -> None:
    """Do so where it must be known whether it was the outcome or a receiver that could not be stored.

    Raises:
        ReceiverFailed: a receiver has raised.
        django.db.Error: the database is to blame, or a lock that a receiver waited for in vain.
    """
    try:
        announce(tasks)
    except Exception as error:
        if isinstance(error, Error) and (is_servers_fault(error) or is_lock_timeout(error)):
            raise
        raise ReceiverFailed(f"a receiver of tasks_unsuccessful has raised {error!r}") from error
