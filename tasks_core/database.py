"""The database of the platform and how its statements reach it."""

from __future__ import annotations

from typing import Any

from django.db import connections, router
from django.db.backends.base.base import BaseDatabaseWrapper

from tasks_core.conf import setting
from tasks_core.prepared import fetch_prepared


def alias() -> str:
    """Return the alias of the database that holds the tasks."""
    from tasks_core.models import Task  # models need the app registry

    return router.db_for_write(Task) or "default"


def connection() -> BaseDatabaseWrapper:
    """Return this thread's connection to it."""
    return connections[alias()]


def fetch_often(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement of the hot path, prepared where that is allowed, and return its rows."""
    if setting("PREPARED_STATEMENTS"):
        return fetch_prepared(connection(), sql, parameters)
    return fetch(sql, parameters)


def fetch(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with connection().cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
