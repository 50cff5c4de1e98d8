"""Names in options that choose among rows: a typing error is no empty list."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

from django.core.management.base import CommandError
from django.db.models import QuerySet

from tasks_core.events.queues import queue_names
from tasks_core.registry import get_task_type, task_types

MOST_LISTED = 10
"""Names that an error lists if none is close."""


def check_types(names: Iterable[str], rows: QuerySet[Any]) -> None:
    """Refuse a name under which nothing is registered, unless some of ``rows`` have it from earlier days.

    Raises:
        UnknownTaskType: names it, and those that are close to it.
    """
    known = task_types()
    for name in names:
        if name not in known and not rows.filter(task_type=name).exists():
            get_task_type(name)


def check_queues(names: Iterable[str], rows: QuerySet[Any]) -> None:
    """Refuse a queue that nothing uses, unless some of ``rows`` are in it.

    Raises:
        CommandError: names it, and those that are close to it.
    """
    for name in names:
        check_name(name, queue_names(), rows.filter(queue_name=name), what="queue")


def check_name(name: str, known: Iterable[str], rows: QuerySet[Any], *, what: str) -> None:
    """Refuse what is not ``known``, unless there are ``rows`` of that name.

    Raises:
        CommandError: names it, and those that are close to it.
    """
    every = sorted(known)
    if name in every or rows.exists():
        return
    close = get_close_matches(name, every, n=3)
    listed = ", ".join(close or every[:MOST_LISTED]) or "none"
    more = "" if close or len(every) <= MOST_LISTED else " and others"
    raise CommandError(f"there is no {what} {name!r}; known: {listed}{more}")
