"""Run a statement of the hot path prepared, so that PostgreSQL plans it once and not at each call.

Planning such a statement costs as much as running it for one task. Django's cursors put the values into the
text, so nothing can be prepared with them; this is its cursor with the values beside the text.
"""

import time
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.postgresql.base import ServerBindingCursor

REPLAN_SECONDS = 4.0
"""How long a plan is used: one made while the table was empty reads all of it once it is full, until
autovacuum notices a minute later."""

_planned_at: WeakKeyDictionary[psycopg.Connection[Any], float] = WeakKeyDictionary()


def fetch_prepared(
    connection: BaseDatabaseWrapper, sql: str, parameters: dict[str, Any]
) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows.

    Raises:
        django.db.Error: as Django's own cursor does.
    """
    connection.validate_thread_sharing()
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    raw = connection.connection
    wrap = connection.make_debug_cursor if connection.queries_logged else connection.make_cursor
    threshold = raw.prepare_threshold
    # Only here: Django's own statements are texts that never come again. While statements are logged none is
    # prepared, because Django's log cannot show one that is.
    raw.prepare_threshold = None if connection.queries_logged else 0
    try:
        with connection.wrap_database_errors, wrap(_cursor(raw)) as cursor:
            _replan_now_and_then(raw)
            cursor.execute(sql, _as_text(parameters))
            rows: list[tuple[Any, ...]] = cursor.fetchall()
            return rows
    finally:
        raw.prepare_threshold = threshold


def _as_text(parameters: dict[str, Any]) -> dict[str, Any]:
    """Write lists of numbers and names as PostgreSQL does: the driver looks at each of them several times in
    Python.

    The statement says what they are (``%(ids)s::bigint[]``), or compares them with a column that does.
    """
    return {
        name: _array(value) if type(value) is list and value else value
        for name, value in parameters.items()
    }


def _array(values: list[Any]) -> str | list[Any]:
    """Return an array's text, or the list as it is if something else is in it."""
    kinds = set(map(type, values))
    if kinds == {int}:
        return f"{{{','.join(map(str, values))}}}"
    if kinds == {str}:
        return f"{{{','.join(map(_quoted, values))}}}"
    return values


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _cursor(raw: psycopg.Connection[Any]) -> Any:
    return ServerBindingCursor(raw)  # type: ignore[call-arg]  # the stubs don't know its base class


def _replan_now_and_then(raw: psycopg.Connection[Any]) -> None:
    now = time.monotonic()
    if now - _planned_at.setdefault(raw, now) > REPLAN_SECONDS:
        _planned_at[raw] = now
        raw.execute("DISCARD PLANS", prepare=False)
