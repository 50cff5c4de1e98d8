"""How a process learns what time it is in the database."""

import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import psycopg
from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg.pq import TransactionStatus

from tasks_core import clock, database

REFRESH_SECONDS = 15.0
"""How old the knowledge of workers and beats may be: in that time two clocks drift apart by a millisecond."""

CALLERS_SECONDS = 60.0
"""The same for callers, who may open a connection for each request."""

JUMP_SECONDS = 1.0
"""After such a step of the machine's clock, or a suspension, all is learned anew."""

# Without a cursor of Django's: neither its log nor the tests' count of queries has to do with it. In
# microseconds: how many digits a fraction has is a setting of the role.
_ASK = "SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


@dataclass(frozen=True, slots=True)
class _Lesson:
    """When the database was asked last, by the steady clock, and how far the machine's was from that."""

    at: float
    wall: float


_last: _Lesson | None = None


def connect() -> None:
    """Ask on new connections; calling it again changes nothing."""
    connection_created.connect(_on_connection, dispatch_uid="tasks_core.database.server_clock")


def follow(*, seconds: float = REFRESH_SECONDS) -> None:
    """Ask the database for its time, unless that was done in the last ``seconds``.

    Call it before an instant is read that other machines compare with theirs.

    Raises:
        django.db.Error: as any other statement would.
    """
    if _is_known(seconds):
        return
    connection = database.connection()
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    if not _is_known(seconds):
        with connection.wrap_database_errors:
            _ask(connection)


def callers_now() -> datetime:
    """Return the present instant, for what a caller asks for with the first statement of its process.

    Raises:
        django.db.Error: as any other statement would.
    """
    follow(seconds=CALLERS_SECONDS)
    return clock.now()


def _is_known(seconds: float) -> bool:
    if _last is None:
        return False
    at = clock.steady()
    return at - _last.at < seconds and abs(time.time() - at - _last.wall) < JUMP_SECONDS


def _on_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    """Ask the new connection: perhaps another server has taken over.

    Where each request has a connection of its own this must not cost each of them a question.
    """
    is_kept = connection.settings_dict["CONN_MAX_AGE"] != 0
    if not apps.models_ready or connection.alias != database.alias():
        return
    if is_kept or not _is_known(CALLERS_SECONDS):
        with suppress(psycopg.Error):  # the first statement says it better
            _ask(connection)


def _ask(connection: BaseDatabaseWrapper) -> None:
    global _last
    raw = connection.connection
    if connection.vendor != "postgresql" or raw.info.transaction_status not in _LISTENING:
        return
    was_idle = raw.info.transaction_status == TransactionStatus.IDLE
    asked = clock.steady()
    told = raw.execute(_ASK, prepare=False).fetchone()[0] / 1e6
    answered = clock.steady()
    if was_idle and not raw.autocommit:
        raw.rollback()  # a session without autocommit began a transaction for it
    clock.follow(told - answered, told - asked)
    _last = _Lesson(answered, time.time() - answered)


_LISTENING = (TransactionStatus.IDLE, TransactionStatus.INTRANS)
