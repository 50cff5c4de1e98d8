"""Ask the database something in the midst of a handler's work, which must not fail for it."""

from collections.abc import Callable
from typing import TypeVar

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import ReadOnlySqlTransaction
from psycopg.pq import TransactionStatus

from tasks_core import database
from tasks_core.database.answer_limit import answers_within
from tasks_core.database.errors import DATABASE_ERRORS, is_rows_fault

Answer = TypeVar("Answer")


def ask_in_passing(ask: Callable[[], Answer]) -> Answer | None:
    """Return what ``ask`` returns, if need be on a new connection; None if the database is in the way.

    Within the handler's own transaction there is no new connection: it would be another transaction. What
    fails there is undone by itself, so that the handler's work is not.

    Raises:
        django.db.Error: the values cannot be stored, or the handler's own transaction is lost.
    """
    with answers_within():
        return _ask(ask)


def _ask(ask: Callable[[], Answer]) -> Answer | None:
    connection = database.connection()
    if connection.in_atomic_block:
        return _within(connection, ask)
    if not _is_idle(connection):
        return ask()  # a BEGIN that Django does not know of: it cannot be protected
    for _ in range(2):
        try:
            return ask()
        except DATABASE_ERRORS as error:
            if is_rows_fault(error):
                raise
            if not _is_idle(connection) or _is_on_standby(error):
                database.discard(connection)  # else it is left, with what the handler has on it
    return None


def _within(connection: BaseDatabaseWrapper, ask: Callable[[], Answer]) -> Answer | None:
    try:
        with transaction.atomic(using=connection.alias):
            return ask()
    except DATABASE_ERRORS as error:
        if is_rows_fault(error) or connection.needs_rollback:
            raise
        return None


def _is_idle(connection: BaseDatabaseWrapper) -> bool:
    raw = connection.connection
    return raw is None or raw.pgconn.transaction_status == TransactionStatus.IDLE


def _is_on_standby(error: BaseException) -> bool:
    return isinstance(error, ReadOnlySqlTransaction) or isinstance(
        error.__cause__, ReadOnlySqlTransaction
    )
