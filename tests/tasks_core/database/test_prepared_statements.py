"""Statements of the hot path: planned once, and again when the table has grown."""

import pytest
from django.db import InterfaceError, OperationalError, connection
from hypothesis import HealthCheck, example, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.database import prepared_statements
from tasks_core.engine import decision
from tasks_core.sql.end import cancel
from tests.support.life import plain_type, queue, take, write

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def fresh_session() -> None:
    plain_type()
    connection.close()


def _prepared_inserts() -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements "
            "WHERE statement LIKE '%%INSERT INTO tasks_core_task (%%'",
            [],
        )
        return int(cursor.fetchone()[0])


def test_statement_is_prepared_once_in_a_session() -> None:
    for _ in range(3):
        tasks_core.enqueue("plain", {})

    assert _prepared_inserts() == 1


def _plans(part: str) -> tuple[int, int]:
    """Return how often a statement was planned for all calls, and how often for one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT generic_plans, custom_plans FROM pg_prepared_statements WHERE statement LIKE %s",
            [f"%{part}%"],
        )
        [(generic, custom)] = cursor.fetchall()
    return generic, custom


def test_statements_for_one_task_are_not_planned_at_each_call(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(prepared_statements, "REPLAN_SECONDS", 3600.0)
    # Of a small table all is read, whatever is looked for.
    cancel(tasks_core.enqueue_many("plain", [{}] * 3_000), reason="", now=clock.now())
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE tasks_core_task")
    for _ in range(20):
        task = tasks_core.enqueue("plain", {})
        assert queue() == [task.pk]
        [claimed] = take([task.pk])
        assert write(claimed, decision.succeeded(None))

    # The first five are always planned for themselves, to compare.
    assert _plans("FROM task CROSS JOIN (SELECT set_config") == (15, 5)
    assert _plans("claimed_with =") == (15, 5)
    assert _plans("json_to_recordset") == (15, 5)


def test_setting_switches_it_off(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "PREPARED_STATEMENTS": False}
    tasks_core.enqueue("plain", {})

    assert _prepared_inserts() == 0


def test_djangos_own_statements_are_not_prepared() -> None:
    tasks_core.enqueue("plain", {})
    assert connection.connection.prepare_threshold is None


@pytest.mark.parametrize(("seconds", "scan"), [(3600.0, "Seq Scan"), (-1.0, "Index")])
def test_plan_made_for_a_small_table_is_given_up_when_it_is_old(
    seconds: float, scan: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prepared_statements, "REPLAN_SECONDS", seconds)
    sql = "SELECT id FROM growing WHERE id = ANY(%(ids)s::int[])"
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE growing (id int PRIMARY KEY)")
        cursor.execute("INSERT INTO growing VALUES (0)")
        cursor.execute("ANALYZE growing")
        cursor.execute("SET plan_cache_mode = force_generic_plan")
        prepared_statements.fetch_prepared(connection, sql, {"ids": [1]})
        cursor.execute("INSERT INTO growing SELECT generate_series(1, 20000)")

    prepared_statements.fetch_prepared(connection, sql, {"ids": [1]})

    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM pg_prepared_statements WHERE statement LIKE '%growing%'")
        name = cursor.fetchone()[0]
        cursor.execute(f"EXPLAIN EXECUTE {name}('{{1}}')")
        assert scan in "\n".join(row[0] for row in cursor.fetchall())


def test_lost_connection_is_an_error_of_django_and_the_next_call_goes_on() -> None:
    tasks_core.enqueue("plain", {})
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        pid = cursor.fetchone()[0]
    other = connection.copy()
    with other.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s)", [pid])
    other.close()

    with pytest.raises((OperationalError, InterfaceError)):
        tasks_core.enqueue("plain", {})
    connection.close()
    assert tasks_core.enqueue("plain", {}).pk


def test_statement_that_the_session_has_lost_is_run_all_the_same(
    caplog: pytest.LogCaptureFixture,
) -> None:
    tasks_core.enqueue("plain", {})
    with connection.cursor() as cursor:
        cursor.execute("DEALLOCATE ALL")

    assert tasks_core.enqueue("plain", {}).pk
    assert "max_prepared_statements" in caplog.text


def test_statement_that_another_has_prepared_under_its_name_is_run_all_the_same() -> None:
    with connection.cursor() as cursor:
        for number in range(5):
            cursor.execute(f"PREPARE _pg3_{number} AS SELECT 1")

    assert tasks_core.enqueue("plain", {}).pk


_NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=8)


@trying(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    names=st.lists(_NAMES, min_size=1, max_size=5),
    numbers=st.lists(st.integers(-(2**63), 2**63 - 1)),
)
@example(names=['"', "\\", '\\"', "{", "}", ",", "NULL", "", " ", "'"], numbers=[])
def test_lists_arrive_as_they_were_given(names: list[str], numbers: list[int]) -> None:
    sql = "SELECT %(names)s::text[], %(numbers)s::bigint[]"

    [row] = prepared_statements.fetch_prepared(
        connection, sql, {"names": names, "numbers": numbers}
    )

    assert row == (names, numbers)


def test_payloads_of_many_tasks_are_written_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[object]] = []
    monkeypatch.setattr(prepared_statements, "_array", seen.append)

    tasks_core.enqueue_many("plain", [{"n": "plugh"}] * 3, correlation_ids=["a", "b", "c"])

    assert not [values for values in seen if "plugh" in str(values) or "a" in values]
