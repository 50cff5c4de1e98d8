"""Migrations of the large table that were interrupted are run again."""

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

pytestmark = pytest.mark.usefixtures("transactional_db")

BEFORE = [("tasks_core", "0018_failing_rows")]


def test_index_that_was_left_unfinished_is_made_anew() -> None:
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    MigrationExecutor(connection).migrate(BEFORE)
    try:
        with connection.cursor() as cursor:  # what an interrupted one leaves has this name, too
            cursor.execute("CREATE INDEX tasks_core_task_waiting ON tasks_core_task (id)")
    finally:
        MigrationExecutor(connection).migrate(latest)

    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_indexdef('tasks_core_task_waiting'::regclass)")
        [made] = cursor.fetchone()
    assert "(queue_name, priority, run_after, id)" in made
