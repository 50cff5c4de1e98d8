"""What a session of the database is like before somebody's code runs in it, to be so again behind it.

The server keeps for the session what code has set: a ``search_path``, a role, read-only transactions, a
temporary table that hides one of the platform's, an advisory lock. Whoever uses the session next, and that is
the platform itself, would meet all of it. So a session is put back behind each attempt that has used it. One
that was not used is not asked: its statements are counted on this side.
"""

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, cast
from weakref import ref

import psycopg
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.signals import connection_created
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Literal

Session = psycopg.Connection[Any]

# What was set when the session began (the time zone by Django, anything by another app): the rest comes back
# by itself with RESET ALL.
_SET_AT_FIRST = """
SELECT name, setting FROM pg_settings WHERE source = 'session'
UNION ALL SELECT 'role', current_setting('role') WHERE current_setting('role') <> 'none'
"""

# DISCARD ALL without what must stay: the prepared statements and their plans.
_AS_AT_FIRST = """
SELECT name::text FROM pg_catalog.pg_prepared_statements;
RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL;
CLOSE ALL; UNLISTEN *; DISCARD TEMP; SELECT pg_catalog.pg_advisory_unlock_all()
"""

DRIVERS_PREFIX = "_pg3_"
"""Of the names that psycopg gives to what it prepares. What it needs no longer it drops somewhat later."""

_DRIVERS_SETTINGS = (
    "isolation_level",
    "read_only",
    "deferrable",
    "row_factory",
    "cursor_factory",
    "server_cursor_factory",
    "prepare_threshold",
)


class Use:
    """How many statements a session has made, and what it was like at first.

    It stands in for the driver's ``wait``, through which each of them goes, also those of the driver's own
    cursors.
    """

    def __init__(self, session: Session) -> None:
        self.count = self.known = 0
        self._session = ref(session)
        self._restore = _restore(session)
        self._settings = _settings(session)

    def __call__(self, *args: Any, **named: Any) -> Any:
        """Wait as the driver does."""
        self.count += 1
        return psycopg.Connection.wait(cast("Session", self._session()), *args, **named)

    @property
    def is_new(self) -> bool:
        """Whether the session was used since ``know``."""
        return self.count != self.known

    def know(self) -> None:
        """Take what was done up to now for the platform's own."""
        self.known = self.count

    def put_back(self, session: Session) -> None:
        """Let the session be as it was at first.

        Raises:
            psycopg.Error: it cannot be brought there; close it.
        """
        if _settings(session) != self._settings:
            raise psycopg.InterfaceError("the driver's own settings were changed")
        prepared = {name for (name,) in session.execute(self._restore, prepare=False)}
        mine = {name.decode() for name in session._prepared._names.values()}
        if missing := mine - prepared:
            raise psycopg.InterfaceError(f"{len(missing)} prepared statements were deallocated")
        if foreign := [name for name in prepared if not name.startswith(DRIVERS_PREFIX)]:
            raise psycopg.InterfaceError(f"{len(foreign)} statements were prepared and are left")
        if not session.autocommit:
            session.commit()
        self.know()


def connect() -> None:
    """Count from now on in this process; calling it again changes nothing.

    Other receivers, which may set something, come first if they were connected before.
    """
    connection_created.connect(_on_connection, dispatch_uid="tasks_core.database.session_state")
    for one in connections.all(initialized_only=True):
        if one.connection is not None:
            _on_connection(one)


def use_of(one: BaseDatabaseWrapper) -> Use | None:
    """Return what is known of the use of a session that is open, None if nothing is."""
    wait = getattr(one.connection, "wait", None)
    return wait if isinstance(wait, Use) else None


def know(ones: Iterable[BaseDatabaseWrapper]) -> None:
    """Take what was done up to now in these sessions for the platform's own."""
    for one in ones:
        if one.connection is not None and (use := use_of(one)) is not None:
            use.know()


def know_all() -> None:
    """Do so with all of this thread."""
    know(connections.all(initialized_only=True))


def _on_connection(connection: BaseDatabaseWrapper, **_: Any) -> None:
    if connection.vendor != "postgresql" or use_of(connection) is not None:
        return
    raw = connection.connection
    if raw.info.transaction_status != TransactionStatus.IDLE:
        return  # somebody is in the midst of his work
    with suppress(psycopg.Error):  # the next statement says it better
        raw.wait = Use(raw)


def _restore(session: Session) -> Any:
    found = session.execute(_SET_AT_FIRST, prepare=False).fetchall()
    if not session.autocommit:
        session.rollback()
    again = [
        SQL("; SELECT pg_catalog.set_config({}, {}, false)").format(Literal(name), Literal(value))
        for name, value in found
    ]
    return SQL("").join([SQL(_AS_AT_FIRST), *again]).as_string(session)


def _settings(session: Session) -> list[Any]:
    return [getattr(session, name) for name in _DRIVERS_SETTINGS]
