"""What somebody's SQL or a restored backup may have left in the row of a task harms that task alone."""

from datetime import timedelta

import pytest
from django.db import connection

import tasks_core
from tasks_core import Fixed, TaskContext, clock
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.support.life import LEASE, queue, state_of, take
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

DEEP = "'" + "[" * 3_000 + "]" * 3_000 + "'"
LONG_NUMBER = '\'{"n": ' + "9" * 5_000 + "}'"
"""Both are JSON for PostgreSQL."""

BAD = [
    ("payload", "'7'"),
    ("payload", "'null'"),
    ("payload", DEEP),
    ("payload", LONG_NUMBER),
    ("payload", '\'{"a": {"$sealed": "nonsense"}}\''),
    ("payload", "'{\"$sealed\": 7}'"),
    ("retry", "'7'"),
    ("retry", "'[]'"),
    ("retry", '\'{"strategy": "unknown"}\''),
    ("retry", '\'{"strategy": "fixed", "initial": "soon"}\''),
    ("retry", DEEP),
    ("retry", LONG_NUMBER),
    ("progress", DEEP),
    ("checkpoint", DEEP),
    ("checkpoint", LONG_NUMBER),
    ("attempts", "2147483647"),
    ("attempts", "-5"),
    ("attempts_returned", "2147483647"),
    ("attempts_returned", "-2147483648"),
    ("started_at", "'infinity'"),
    ("started_at", "'-infinity'"),
    ("started_at", "'20000-01-01 00:00+00'"),
    ("started_at", "'0044-03-15 12:00+00 BC'"),
    ("enqueued_at", "'infinity'"),
    ("queued_at", "'infinity'"),
    ("finished_at", "'infinity'"),
    ("last_attempted_at", "'infinity'"),
    ("correlation_id", "E'a\\nb'"),
    ("traceparent", "'nonsense'"),
    ("unique_until", "'never'"),
    ("tags", "'{NULL}'"),
    ("worker", "E'\\n'"),
]


@pytest.fixture(autouse=True)
def plain() -> None:
    @tasks_core.task_type("plain", retry=Fixed(initial=60, max_attempts=3))
    def handler(payload: dict[str, int], context: TaskContext) -> int:
        return payload["n"]


def spoil(task_id: int, column: str, value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE tasks_core_task SET {column} = {value} WHERE id = %s", [task_id])


def written() -> None:
    process = worker_process.current()
    wait_until(
        lambda: process.outcomes.flush() and not len(process.inflight), what="all are written"
    )


@pytest.mark.parametrize(("column", "value"), BAD)
@pytest.mark.parametrize("is_queued", [False, True], ids=["waiting", "queued"])
def test_the_others_are_dispatched_claimed_and_finished(
    column: str, value: str, is_queued: bool
) -> None:
    ids = tasks_core.enqueue_many("plain", [{"n": n} for n in range(5)])
    if is_queued:
        queue()
    spoil(ids[2], column, value)
    queue()
    execute("plain", ids, worker="w")
    written()
    others = [state_of(i) for i in ids if i != ids[2]]
    assert others == [State.SUCCEEDED] * 4
    assert state_of(ids[2]) is not State.RUNNING


@pytest.mark.parametrize(("column", "value"), BAD)
def test_the_others_are_recovered_when_their_worker_is_lost(column: str, value: str) -> None:
    ids = tasks_core.enqueue_many("plain", [{"n": n} for n in range(5)])
    queue()
    for number, task_id in enumerate(ids):
        take([task_id], task_type="plain", worker=f"w{number}")
    spoil(ids[2], column, value)
    with clock.frozen(clock.now() + 2 * LEASE + timedelta(minutes=1)):
        recover_attempts()
    others = [state_of(i) for i in ids if i != ids[2]]
    assert State.RUNNING not in others


@pytest.mark.parametrize(("column", "value"), BAD)
def test_the_others_are_found_page_by_page(column: str, value: str) -> None:
    ids = tasks_core.enqueue_many("plain", [{"n": n} for n in range(5)])
    spoil(ids[2], column, value)
    found, after = [], None
    while True:
        page = tasks_core.find(limit=2, after=after)
        found += [task.pk for task in page.tasks]
        if (after := page.next_after) is None:
            break
    assert set(ids) - set(found) <= {ids[2]}
    assert len(found) == len(set(found))


@pytest.mark.parametrize("column", ["payload", "checkpoint"])
def test_what_python_cannot_read_fails_in_words_that_say_so(column: str) -> None:
    [task_id] = tasks_core.enqueue_many("plain", [{"n": 1}])
    spoil(task_id, column, LONG_NUMBER)
    for hours in range(1, 21):
        if state_of(task_id) is State.DEAD:
            break
        with clock.frozen(clock.now() + timedelta(hours=hours)):
            queue()
            execute("plain", [task_id], worker="w")
            written()
    task = Task.objects.defer("payload", "checkpoint").get()
    assert task.state == State.DEAD
    assert "cannot be read as it is stored" in task.error
    assert "correct it in the database" in task.error
