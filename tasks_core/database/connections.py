"""The database of the platform and how its statements reach it."""

import contextlib
import logging
from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from django.apps import apps
from django.db import Error, connections, router, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from tasks_core import conf
from tasks_core.database.errors import is_lost_statement, is_servers_fault
from tasks_core.database.prepared_statements import fetch_prepared

logger = logging.getLogger(__name__)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def alias() -> str:
    """Return the alias of the database that holds the tasks."""
    return router.db_for_write(apps.get_model("tasks_core", "Task")) or "default"


def connection() -> BaseDatabaseWrapper:
    """Return this thread's connection to it."""
    return connections[alias()]


def discard(connection: BaseDatabaseWrapper) -> None:
    """Let go of a connection whatever state it is in; the next statement opens a new one.

    Nothing may come of it but that: whoever discards it is about to try again.
    """
    with contextlib.suppress(Exception):
        connection.connection.close()  # before Django does: a pool would keep it
    # In a block that was entered on it Django would keep the dead connection until the end of the block,
    # which may never come. All else that it knows of the session is set anew when it connects.
    connection.in_atomic_block = False
    connection.closed_in_transaction = False
    with contextlib.suppress(Exception):
        connection.close()
    connection.connection = None


def takes_writes() -> bool:
    """Tell whether the database answers, and this session of it may write."""
    try:
        return bool(fetch("SELECT current_setting('transaction_read_only') = 'off'", {})[0][0])
    except Error:
        discard(connection())
        return False


def retried(
    work: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
) -> Result:
    """Call ``work``, which may be done twice, and once more on a new connection if the first failed it.

    Raises:
        django.db.Error: both tries failed, a row is to blame, or a transaction is open that cannot be had
            again.
    """
    try:
        return work(*args, **kwargs)
    except Error as error:
        broken = connection()
        if broken.in_atomic_block or not is_servers_fault(error):
            raise
        discard(broken)
        return work(*args, **kwargs)


def fetch_often(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement of the hot path, prepared where that is allowed, and return its rows."""
    if not conf.current().prepared_statements:
        return fetch(sql, parameters)
    used = connection()
    try:
        return fetch_prepared(used, sql, parameters)
    except Error as error:
        if used.in_atomic_block or not is_lost_statement(error):
            raise
        # Nothing was run. Somebody has deallocated what was prepared, or a pooler has changed the session.
        logger.warning(
            "a prepared statement was lost; if there is a pooler, let it keep them (PgBouncer: "
            "max_prepared_statements > 0) or set PREPARED_STATEMENTS to False: %s",
            error,
        )
        discard(used)
        return fetch(sql, parameters)


def fetch(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    with connection().cursor() as cursor:
        cursor.execute(sql, parameters)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def in_transaction(function: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Let the function run in a transaction of this database, or in the one that its caller has open."""

    @wraps(function)
    def run(*args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with transaction.atomic(using=alias()):
            return function(*args, **kwargs)

    return run
