"""What happens on the way to the servers."""

import time

from tests.campaign.faults.registry import fault
from tests.campaign.stage import Stage


@fault
def cut_database(stage: Stage) -> None:
    """Break all connections to the database, three times."""
    for _ in range(3):
        stage.database["platform"].cut()
        time.sleep(1)


@fault
def cut_broker(stage: Stage) -> None:
    """Break all connections to the broker, three times."""
    for _ in range(3):
        stage.broker["platform"].cut()
        time.sleep(1)


@fault
def swallow_database(stage: Stage) -> None:
    """Let nothing arrive at the database any more, and break the connections in the end."""
    way = stage.database["platform"]
    way.swallows.set()
    time.sleep(8)
    way.swallows.clear()
    way.cut()


@fault
def swallow_broker(stage: Stage) -> None:
    """Let nothing arrive at the broker any more, and break the connections in the end."""
    way = stage.broker["platform"]
    way.swallows.set()
    time.sleep(8)
    way.swallows.clear()
    way.cut()


@fault
def half_open_database(stage: Stage) -> None:
    """Swallow a moment's bytes and leave the connections open: those are out of step for ever."""
    way = stage.database["platform"]
    way.swallows.set()
    time.sleep(1)
    way.swallows.clear()
    time.sleep(3)


@fault
def terminate_sessions(stage: Stage) -> None:
    """End all sessions of the database from inside, five times."""
    for _ in range(5):
        stage.sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        time.sleep(0.7)


@fault
def cancel_statements(stage: Stage) -> None:
    """Cancel whatever statement runs, fifty times."""
    for _ in range(50):
        stage.sql(
            "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND state = 'active' AND application_name <> 'caller'"
        )
        time.sleep(0.05)
