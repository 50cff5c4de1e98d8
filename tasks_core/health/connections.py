"""Does the database have room for all connections, those of today and those that the platform may open?"""

from collections.abc import Iterable, Iterator

from tasks_core import clock, database
from tasks_core.database import fetch
from tasks_core.duties.beat_duties import make_duties
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.models import Worker
from tasks_core.registry import task_types

report = Reporter("connections")

FULL = 0.8
"""Share of the connections from which on the database counts as nearly full."""

OF_A_WORKER = 1
"""Its main process writes the heartbeat."""

OF_A_POOL_PROCESS = 3
"""One runs the handlers, another one keeps their leases, a third one writes what comes late."""

OF_AN_EVENT_LOOP = 1
"""Where there are ``async def`` handlers, what they ask of the database goes through one more."""

OF_A_BEAT = 1
"""The heartbeat, beside one for each duty."""

USED = """
SELECT (SELECT sum(numbackends) FROM pg_stat_database)::int,
    current_setting('max_connections')::int - current_setting('superuser_reserved_connections')::int,
    pg_backend_pid()
"""


def look() -> Iterator[Finding]:
    """Compare what is used, and what all processes that are alive may use, with what there is."""
    [(used, most, backend)] = fetch(USED, {})
    needed = needed_by(Worker.objects.alive(clock.now()))
    told = f"{used} of {most} connections to the database are used"
    remedy = (
        "raise max_connections of PostgreSQL, put PgBouncer before it, or let fewer processes run; "
        "docs/operations.md says what each of them takes"
    )
    if used > FULL * most:
        yield report.degraded(
            f"{told}; workers and beats that are alive take up to {needed}", remedy
        )
    elif needed > FULL * most and not _is_pooled(backend):
        yield report.degraded(
            f"workers and beats that are alive take up to {needed} connections to the database, and it "
            f"allows {most} in all, also for web processes",
            remedy,
        )
    else:
        yield report.healthy(f"{told}; workers and beats that are alive take up to {needed}")


def _is_pooled(backend: int) -> bool:
    """Tell whether a pooler stands before the database, which then sees fewer connections than we open.

    Whoever connects is told a process to cancel: of the server itself, or something that a pooler made up.
    """
    told: int = database.connection().connection.info.backend_pid
    return told != backend


def needed_by(processes: Iterable[Worker]) -> int:
    """Return how many connections these workers and beats hold at most, without those of handlers' own."""
    has_async = any(registered.is_async for registered in task_types().values())
    of_each = OF_A_POOL_PROCESS + (OF_AN_EVENT_LOOP if has_async else 0)
    of_beat = OF_A_BEAT + len(make_duties())
    return sum(
        of_beat if process.role == Worker.Role.BEAT else OF_A_WORKER + process.concurrency * of_each
        for process in processes
    )
