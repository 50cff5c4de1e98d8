"""What other sessions of this test's own database do; the server's other databases belong to other tests."""

from django.db import connection


def sessions_where(condition: str) -> int:
    """Count the other sessions of this database for which an SQL condition on pg_stat_activity holds."""
    with connection.cursor() as cursor:
        # Within a transaction the view is read once and then remembered.
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() "
            f"AND pid <> pg_backend_pid() AND ({condition})"
        )
        found: tuple[int] = cursor.fetchone()
    return found[0]


def waits_for_a_lock() -> bool:
    """Return whether a session of this database waits for another's lock."""
    return sessions_where("wait_event_type = 'Lock'") > 0
