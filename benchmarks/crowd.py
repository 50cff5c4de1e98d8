"""A database of Bellringer's with millions of finished and far-off tasks, kept to be copied
from.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString

import psycopg
from psycopg import sql

from benchmarks.arena import Contender
from benchmarks.children import environment
from benchmarks.databases import create, drop
from benchmarks.fingerprint import of_peer
from benchmarks.folders import bench_folder, logs_folder
from benchmarks.producing import Producer
from benchmarks.servers import Pair

PREFIX = "crowd_"
TASKS: LiteralString = "tasks_core_task"
EVENTS: LiteralString = "tasks_core_taskevent"
#: Rows of one statement, so that no transaction grows without bound.
STEP = 1_000_000
FINISHED = {
    "state": "'SUCCEEDED'",
    "attempts": "1",
    "run_after": "now() - mod(n, 600000) * interval '1 second'",
    "enqueued_at": "now() - mod(n, 600000) * interval '1 second'",
    "finished_at": "now() - mod(n, 600000) * interval '1 second'",
}
FAR_OFF = {
    "state": "'SCHEDULED'",
    "run_after": "now() + (3600 + mod(n, 2600000)) * interval '1 second'",
}
MULTIPLY_TASKS = """
    INSERT INTO tasks_core_task ({columns})
    SELECT {values} FROM tasks_core_task AS model, generate_series(%s::bigint, %s) AS n
    WHERE model.id = %s
"""
MULTIPLY_EVENTS = """
    INSERT INTO tasks_core_taskevent ({columns})
    SELECT {values} FROM tasks_core_taskevent AS model, tasks_core_task AS task
    WHERE model.task_id = %s AND task.id <> %s
"""


def crowded_template(contender: Contender, pair: Pair, rows: int) -> str:
    """The name of the crowded database, which is filled first unless an earlier run has done so."""
    name = f"{PREFIX}{rows}_{of_peer(contender.entry)[:12]}"
    if name not in existing(pair):
        forget_crowds(pair)
        create(pair, "crowd", template=contender.template)
        _fill(contender, pair, rows)
        with pair.administer() as session:
            session.execute(
                sql.SQL("ALTER DATABASE crowd RENAME TO {}").format(sql.Identifier(name))
            )
    return name


def existing(pair: Pair) -> list[str]:
    """The crowded databases that are complete."""
    with pair.administer() as session:
        query = "SELECT datname FROM pg_database WHERE starts_with(datname, %s)"
        return [name for (name,) in session.execute(query, [PREFIX])]


def forget_crowds(pair: Pair) -> None:
    """Drop all of them; they take gigabytes."""
    for name in existing(pair):
        drop(pair, name)


def _fill(contender: Contender, pair: Pair, rows: int) -> None:
    url = pair.database("crowd")
    model = _model(contender, pair, url)
    with psycopg.connect(url, autocommit=True) as session, _without_vacuum(session):
        for begin in range(0, rows // 2, STEP):
            last = min(begin + STEP, rows // 2) - 1
            for kind in (FINISHED, FAR_OFF):
                insert = _multiply(session, MULTIPLY_TASKS, TASKS, kind)
                session.execute(insert, [begin, last, model])
        insert = _multiply(session, MULTIPLY_EVENTS, EVENTS, {"task_id": "task.id"})
        session.execute(insert, [model, model])
        session.execute("DELETE FROM tasks_core_taskevent WHERE task_id = %s", [model])
        session.execute("DELETE FROM tasks_core_task WHERE id = %s", [model])
    with psycopg.connect(url, autocommit=True) as session:
        session.execute("VACUUM (ANALYZE)")


@contextmanager
def _without_vacuum(session: psycopg.Connection) -> Iterator[None]:
    """Autovacuum would read again and again what is only being filled."""
    partitions = session.execute(
        "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = %s::regclass", [EVENTS]
    )
    tables = [sql.SQL(name) for name in (TASKS, *(row[0] for row in partitions))]
    for table in tables:
        session.execute(sql.SQL("ALTER TABLE {} SET (autovacuum_enabled = off)").format(table))
    yield
    for table in tables:
        session.execute(sql.SQL("ALTER TABLE {} RESET (autovacuum_enabled)").format(table))


def _model(contender: Contender, pair: Pair, url: str) -> int:
    """Enqueue one task the ordinary way; the crowd are copies of its row."""
    variables = environment(
        database_url=url, broker_url=pair.broker_url, ledger=bench_folder() / "unused"
    )
    log = logs_folder() / "crowd.log"
    with Producer(contender.entry, contender.python, variables, log) as producer:
        producer.ask("one_by_one", handler="noop", first=0, count=1)
    with psycopg.connect(url) as session:
        row = session.execute("SELECT id FROM tasks_core_task").fetchone()
    assert row is not None
    return int(row[0])


def _multiply(
    session: psycopg.Connection, statement: str, table: str, changed: dict[str, str]
) -> sql.Composed:
    query = "SELECT column_name FROM information_schema.columns WHERE table_name = %s"
    columns = [name for (name,) in session.execute(query, [table]) if name != "id"]
    values = [
        sql.SQL(changed[name]) if name in changed else sql.Identifier("model", name)
        for name in columns
    ]
    return sql.SQL(statement).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
        values=sql.SQL(", ").join(values),
    )
