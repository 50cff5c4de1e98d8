"""Migrations make the tables by themselves, and can be taken back."""

import ast
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from tasks_core import clock
from tasks_core.events.partitions import DAYS_AHEAD, days

ROOT = Path(__file__).parents[1]
OURS = ("notifications", "scheduler_project", "tasks_core")
APPS = ("notifications", "tasks_core")
MIGRATIONS = sorted(path for app in APPS for path in (ROOT / app / "migrations").glob("0*.py"))

COLUMN_TYPE = "tasks_core.models.transaction_id"
"""Django tells a type of column by its class, so there is no writing it out."""

SCHEMA = """
WITH ours AS (
    SELECT oid, relname, reloptions FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relname ~ '^(notifications|tasks_core)_'
)
SELECT relname, 'with', reloptions::text FROM ours
UNION ALL
SELECT relname, attname, concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity)
FROM ours JOIN pg_attribute ON attrelid = ours.oid WHERE attnum > 0
UNION ALL
SELECT relname, conname, pg_get_constraintdef(pg_constraint.oid)
FROM ours JOIN pg_constraint ON conrelid = ours.oid
UNION ALL
SELECT relname, indexrelid::regclass::text, pg_get_indexdef(indexrelid)
FROM ours JOIN pg_index ON indrelid = ours.oid
ORDER BY 1, 2, 3
"""


@pytest.mark.parametrize("path", MIGRATIONS, ids=lambda path: f"{path.parts[-3]}.{path.stem}")
def test_no_migration_rests_on_what_the_code_says_today(path: Path) -> None:
    imported = set(_imports(ast.parse(path.read_text("utf-8"))))
    assert [name for name in imported - {COLUMN_TYPE} if name.partition(".")[0] in OURS] == []


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_back_and_made_again_is_as_before() -> None:
    latest = MigrationExecutor(connection).loader.graph.leaf_nodes()
    before = _ask(SCHEMA)
    assert len(before) > 500

    earlier = clock.now()
    try:
        MigrationExecutor(connection).migrate([(app, None) for app in APPS])
        assert _ask(SCHEMA) == []
    finally:
        MigrationExecutor(connection).migrate(latest)
    later = clock.now()

    assert _ask(SCHEMA) == before
    assert _ask("SELECT id, key FROM notifications_category") == [(1, "otp")]
    today, *_ = made = days()
    assert today in {earlier.date(), later.date()}
    assert made == [today + timedelta(days=n) for n in range(DAYS_AHEAD + 1)]


def _ask(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())
