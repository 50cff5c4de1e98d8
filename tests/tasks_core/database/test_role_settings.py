"""A role or a database may have settings of its own for sessions: work goes on all the same."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from psycopg import sql

import tasks_core
from tasks_core import Fixed, TaskContext, clock
from tasks_core.engine.states import State
from tasks_core.models import Occurrence, Task
from tasks_core.schedules.firing import fire
from tasks_core.schedules.generator import generate
from tasks_core.worker import process
from tasks_core.worker.executor import execute
from tests.support.life import queue, states
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

SETTINGS = [
    ("DateStyle", "German, DMY"),
    ("DateStyle", "SQL, DMY"),
    ("DateStyle", "Postgres, MDY"),
    ("TimeZone", "Asia/Kathmandu"),
    ("IntervalStyle", "sql_standard"),
    ("IntervalStyle", "iso_8601"),
    ("bytea_output", "escape"),
    ("standard_conforming_strings", "off"),
    ("client_encoding", "LATIN1"),
    ("array_nulls", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("extra_float_digits", "0"),
    ("extra_float_digits", "-15"),
]


@pytest.fixture(params=SETTINGS, ids="=".join)
def setting_of_the_role(request: pytest.FixtureRequest) -> Iterator[None]:
    name, value = request.param
    ours = sql.SQL("ALTER ROLE {} IN DATABASE {}").format(
        sql.Identifier(connection.settings_dict["USER"]),
        sql.Identifier(connection.settings_dict["NAME"]),
    )
    _execute(sql.SQL("{} SET {} = {}").format(ours, sql.Identifier(name), value))
    connection.close()
    yield
    process.drain()
    _execute(sql.SQL("{} RESET {}").format(ours, sql.Identifier(name)))
    connection.close()


def _execute(statement: sql.Composed) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.usefixtures("setting_of_the_role")
def test_tasks_and_schedules_live_their_lives() -> None:
    seen: list[Any] = []

    @tasks_core.task_type("work", retry=Fixed(initial=0, max_attempts=2))
    def work(payload: dict[str, Any], context: TaskContext) -> dict[str, Any]:
        due = Task.objects.values_list("run_after", flat=True).get(pk=context.task_id)
        seen.append((payload["text"], context.run_after - due))
        context.checkpoint(payload["text"])
        context.progress(1, 1)
        if context.attempt == 1:
            raise ValueError("once")
        return payload

    now = clock.now()
    later = now + timedelta(days=90)
    text = "12\\'€ \\ ä"
    task = tasks_core.enqueue("work", {"text": text, "x": 0.1 + 0.2}, expires_at=later)
    tasks_core.schedule_recurring("work", {"text": text, "x": 0}, name="often", cron="* * * * * *")
    for _ in range(2):
        execute("work", queue(), worker="w")
        wait_until(lambda: State.RUNNING not in states())
    with clock.frozen(now + timedelta(seconds=70)):
        while generate():
            pass
        while fire():
            pass

    task.refresh_from_db()
    assert task.state == State.SUCCEEDED
    assert task.result == {"text": text, "x": 0.1 + 0.2}
    assert task.expires_at == later
    assert seen == [(text, timedelta(0))] * 2
    assert Occurrence.objects.filter(task_id__isnull=False).exists()
    assert Task.objects.filter(run_after__gt=now).exists()
    assert tasks_core.find(task_types=["work"]).tasks
