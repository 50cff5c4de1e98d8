"""Read periodic tasks, each by itself if one of them cannot be read."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from django.db import transaction
from django_celery_beat.models import PeriodicTask

from tasks_core import database
from tasks_core.database_errors import is_servers_fault


@dataclass(slots=True)
class Rows:
    """What was read.

    Attributes:
        sound: rows with their times.
        unreadable: what is wrong with the others, each a row that has key, name and ``enabled`` only.
    """

    sound: list[PeriodicTask] = field(default_factory=list)
    unreadable: list[tuple[PeriodicTask, str]] = field(default_factory=list)


def read_rows(ids: Collection[int]) -> Rows:
    """Read these rows in the order of their keys.

    A column may hold what this process cannot read: a time zone that its machine does not know, or an instant
    outside Python's calendar. That fails the reading of all rows, so then each is read alone.

    Raises:
        django.db.Error: the database is to blame.
    """
    try:
        return Rows(_read(ids))
    except Exception as error:
        if is_servers_fault(error):
            raise
    rows = Rows()
    names = PeriodicTask.objects.using(database.alias()).filter(pk__in=list(ids)).order_by("pk")
    for pk, name, is_enabled in names.values_list("pk", "name", "enabled"):
        try:
            rows.sound += _read([pk])
        except Exception as error:
            if is_servers_fault(error):
                raise
            rows.unreadable.append(
                (PeriodicTask(pk=pk, name=name, enabled=is_enabled), _said(error))
            )
    return rows


def _read(ids: Collection[int]) -> list[PeriodicTask]:
    rows = PeriodicTask.objects.using(database.alias()).select_related(
        "interval", "crontab", "solar", "clocked"
    )
    with transaction.atomic(using=database.alias()):
        return list(rows.filter(pk__in=list(ids)).order_by("pk"))


def _said(error: Any) -> str:
    words = "; ".join(getattr(error, "messages", [])) or str(error)
    return f"this process cannot read it: {words}"
