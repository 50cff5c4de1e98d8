"""End sessions of the database."""

import threading

from django.db import connection


def session_pid() -> int:
    """Return the process of the server that this thread talks to."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        return int(cursor.fetchone()[0])


def cut(pid: int) -> None:
    """End a session from another one, and wait until it is gone."""

    def end() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 10000)", [pid])
        connection.close()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()


def cut_own() -> None:
    """End the session of this thread, as a restart of the server does."""
    cut(session_pid())
