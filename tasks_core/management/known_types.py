"""Names of task types in options that choose among rows: a typing error is no empty list."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet

from tasks_core.registry import get_task_type, task_types


def check_types(names: Iterable[str], rows: QuerySet[Any]) -> None:
    """Refuse a name under which nothing is registered, unless some of ``rows`` have it from earlier days.

    Raises:
        UnknownTaskType: names it, and those that are close to it.
    """
    known = task_types()
    for name in names:
        if name not in known and not rows.filter(task_type=name).exists():
            get_task_type(name)
