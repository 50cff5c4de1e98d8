"""What the database, and strangers in it, do."""

import time

import tasks_core
from tests.campaign.faults.registry import fault
from tests.campaign.stage import Stage


@fault
def read_only(stage: Stage) -> None:
    """Let the database refuse writes for a while, as a standby after a failover does."""
    _default("default_transaction_read_only", "on", stage)
    time.sleep(6)
    _default("default_transaction_read_only", "off", stage)


@fault
def locked_rows(stage: Stage) -> None:
    """Lock all unfinished rows by a stranger's transaction for longer than a lease."""
    with stage.session() as session:
        session.execute(
            "SELECT 1 FROM tasks_core_task WHERE finished_at IS NULL FOR UPDATE SKIP LOCKED"
        )
        time.sleep(8)


@fault
def locked_table(stage: Stage) -> None:
    """Lock the table of tasks against all changes for a moment, as a migration does."""
    with stage.session() as session:
        session.execute("LOCK TABLE tasks_core_task IN EXCLUSIVE MODE")
        time.sleep(7)


@fault
def uncommitted_cancel(stage: Stage) -> None:
    """Cancel tasks in a transaction that stays open, and is rolled back."""
    ids = tasks_core.enqueue_many("project.work", [{"seconds": 0.05}] * 100)
    with stage.session() as session:
        session.execute(
            "UPDATE tasks_core_task SET state = 'CANCELLED' WHERE id = ANY(%s) AND finished_at IS NULL "
            "AND id %% 10 = 0",
            [ids],
        )
        time.sleep(8)


@fault
def long_snapshot(stage: Stage) -> None:
    """Hold a snapshot open, as a report does."""
    with stage.session() as session:
        session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ")
        session.execute("SELECT count(*) FROM tasks_core_task")
        time.sleep(6)


def _default(name: str, value: str, stage: Stage) -> None:
    """Set what new sessions of workers and beats have, and end the old ones."""
    user, database = "bellringer", "bellringer"
    stage.sql(
        f"SET transaction_read_only = off; ALTER ROLE {user} IN DATABASE {database} SET {name} = '{value}'"
    )
    stage.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
