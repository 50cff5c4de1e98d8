"""Whose fault an error of the database is."""

import django.db
import psycopg
from psycopg.errors import DeadlockDetected, LockNotAvailable

DATABASE_ERRORS = (django.db.Error, psycopg.Error)
"""What the database raises: by way of Django, or where somebody uses the driver himself."""

_OF_THE_ROW = (
    django.db.DataError,
    django.db.IntegrityError,
    psycopg.DataError,
    psycopg.IntegrityError,
)


def is_rows_fault(error: BaseException) -> bool:
    """Tell whether the statement will fail again with the same row, wherever and whenever it is tried.

    That is so for values that cannot be stored and for constraints that forbid them: such a row is set
    aside, and its neighbours go on.
    """
    return isinstance(error, _OF_THE_ROW)


def is_servers_fault(error: BaseException) -> bool:
    """Tell whether the database, or this session of it, is to blame: another try may well succeed.

    All that is not the row's fault: a server that is gone, one that has become a read-only standby (which
    PostgreSQL calls an internal error), a statement that was cancelled, a session that has lost its prepared
    statements or was changed by somebody else. Whoever meets it replaces the connection, puts the work back
    and comes again. A lock that somebody else holds is neither's fault.
    """
    is_someones = is_rows_fault(error) or is_lock_timeout(error)
    return isinstance(error, DATABASE_ERRORS) and not is_someones


def is_outage(error: BaseException) -> bool:
    """Tell whether a database was not there for whoever asked: gone, going, full, or a read-only standby.

    Whatever it was asked for, somebody else would have met the same.
    """
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if cause is None:
        return isinstance(error, (django.db.OperationalError, django.db.InterfaceError))
    return isinstance(cause, _OUTAGE) and not isinstance(cause, _ASKED_FOR)


_OUTAGE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.ReadOnlySqlTransaction,
)
_ASKED_FOR = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.SerializationFailure,
    psycopg.errors.QueryCanceled,
    psycopg.errors.ProgramLimitExceeded,
)


def is_for_everybody(error: BaseException) -> bool:
    """Tell whether the server itself has said that nobody can write at present."""
    return any(isinstance(one, _FOR_EVERYBODY) for one in (error, error.__cause__))


_FOR_EVERYBODY = (
    psycopg.errors.DiskFull,
    psycopg.errors.IoError,
    psycopg.errors.TooManyConnections,
)


def is_healed_by_savepoint(error: BaseException) -> bool:
    """Tell whether only the statements since the last savepoint failed, so that other rows may fare better.

    So it is, besides the row's own fault, where a receiver or a trigger of another app asks for what is not
    there, raises an error, leaves a failed statement behind, or meets somebody else's lock.
    """
    if is_rows_fault(error):
        return True
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    if cause is None:
        return isinstance(error, django.db.ProgrammingError)
    return isinstance(cause, _HEALED) and not isinstance(cause, _LOST_STATEMENT)


_LOST_STATEMENT = (
    psycopg.errors.InvalidSqlStatementName,
    psycopg.errors.DuplicatePreparedStatement,
)
_HEALED = (
    psycopg.ProgrammingError,
    psycopg.errors.InFailedSqlTransaction,
    psycopg.errors.LockNotAvailable,
    psycopg.errors.DeadlockDetected,
    psycopg.errors.QueryCanceled,
)


def is_lost_statement(error: BaseException) -> bool:
    """Tell whether nothing was run, because the session has other prepared statements than we know of."""
    return any(isinstance(one, _LOST_STATEMENT) for one in (error, error.__cause__))


def is_lock_timeout(error: BaseException) -> bool:
    """Tell whether somebody else has locked what the statement wanted, for longer than it may wait.

    Neither the row nor the server is to blame: the connection is fine, the others can be written, and this
    one later.
    """
    return any(
        isinstance(one, (LockNotAvailable, DeadlockDetected)) for one in (error, error.__cause__)
    )
