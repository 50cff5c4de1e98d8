"""No event is skipped and none comes before its predecessor, whoever is slow to commit."""

from datetime import timedelta

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tasks_core
from tasks_core import clock
from tasks_core.events import cursor
from tasks_core.events.subscription import forget
from tasks_core.models import EventSubscription, Task, TaskEvent
from tests.support.life import PLAIN, plain_type
from tests.tasks_core.events.open_transaction import OpenTransaction
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("transactional_db")

LATER = timedelta(days=1)


def _enqueue() -> int:
    return tasks_core.schedule_delayed(PLAIN, {}, delay=LATER).pk


def test_an_event_that_commits_late_is_not_skipped() -> None:
    plain_type()
    recorder = Recorder()
    with OpenTransaction() as slow:
        late = slow.do(_enqueue)
        ready = _enqueue()
        assert recorder.get() == [(ready, "scheduled")]
        assert recorder.get() == []
        slow.commit()
    assert isinstance(late, int)
    assert late < ready
    assert recorder.get() == [(late, "scheduled")]
    assert recorder.get() == []


def test_an_open_transaction_holds_nobody_up() -> None:
    plain_type()
    recorder = Recorder()
    with OpenTransaction() as slow:
        slow.do(_enqueue)
        for _ in range(3):
            task = _enqueue()
            assert recorder.get() == [(task, "scheduled")]


def test_what_is_rolled_back_never_comes() -> None:
    plain_type()
    recorder = Recorder()
    with OpenTransaction() as slow:
        slow.do(_enqueue)
        recorder.get()
    assert recorder.get() == []


def test_the_older_transaction_of_a_task_may_bring_its_later_event() -> None:
    """The number of a transaction says when it began, not when it ended."""
    plain_type()
    recorder = Recorder()
    task = _enqueue()
    recorder.get()
    with OpenTransaction() as older, OpenTransaction() as bystander:
        older.do(_enqueue)
        bystander.do(_enqueue)
        tasks_core.run_now(task)
        older.do(lambda: tasks_core.cancel(task, reason="later"))
        older.commit()
        kinds = [kind for task_id, kind in recorder.get() if task_id == task]
    assert kinds == ["rescheduled", "cancelled"]


def test_one_that_began_long_ago_and_writes_now_comes_in_order() -> None:
    plain_type()
    recorder = Recorder()
    task = _enqueue()
    with OpenTransaction() as older:
        older.do(_enqueue)
        recorder.get()
        tasks_core.run_now(task)
        assert recorder.get() == [(task, "rescheduled")]
        older.do(lambda: tasks_core.cancel(task, reason="later"))
        assert recorder.get() == []
        older.commit()
    assert (task, "cancelled") in recorder.get()


def test_a_writer_that_begins_just_before_the_reader_looks_is_not_skipped(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A snapshot does not list it by number if nothing that began later has ended."""
    plain_type()
    recorder = Recorder()
    read_highest_id = cursor.highest_id
    with OpenTransaction() as racing:
        late: list[object] = []

        def write_and_read() -> int:
            if not late:
                late.append(racing.do(_enqueue))
            return read_highest_id()

        monkeypatch.setattr(cursor, "highest_id", write_and_read)
        assert recorder.get() == []
        racing.commit()
    assert [task for task, _ in recorder.get()] == late


def test_many_events_of_one_late_transaction_come_page_by_page(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain_type()
    monkeypatch.setattr("tasks_core.worker.event_delivery.PAGE", 7)
    recorder = Recorder(batch_size=3)
    with OpenTransaction() as slow:
        late = slow.do(
            lambda: tasks_core.enqueue_many(PLAIN, [{}] * 50, run_after=clock.now() + LATER)
        )
        tasks_core.enqueue_many(PLAIN, [{}] * 40, run_after=clock.now() + LATER)
        assert len(recorder.get()) == 40
        slow.commit()
    assert [task for task, _ in recorder.get()] == late


def test_ids_are_looked_at_in_spans(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_type()
    monkeypatch.setattr("tasks_core.events.window.SPAN", 10)
    recorder = Recorder("rare", tasks_core.events.TaskCancelled)
    ids = tasks_core.enqueue_many(PLAIN, [{}] * 95, run_after=clock.now() + LATER)
    tasks_core.cancel(ids[3], reason="not wanted")
    assert recorder.get() == [(ids[3], "cancelled")]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "write", "commit", "rollback", "read"]),
        st.integers(0, 3),
        st.integers(0, 4),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(steps=STEPS)
def test_whatever_overlaps_every_committed_event_comes_once_and_in_order(
    steps: list[tuple[str, int, int]],
) -> None:
    """Four transactions bring tasks forward, end in any order, and a reader comes in between."""
    plain_type()
    with connection.cursor() as statement:
        statement.execute("TRUNCATE tasks_core_task, tasks_core_taskevent CASCADE")
    EventSubscription.objects.all().delete()
    forget("reader")
    recorder = Recorder("reader", batch_size=2)
    tasks = tasks_core.enqueue_many(PLAIN, [{}] * 5, run_after=clock.now() + LATER)
    transactions = {n: OpenTransaction().__enter__() for n in range(4)}
    locked: dict[int, int] = {}
    for what, number, place in steps:
        task = tasks[place]
        if what == "read":
            recorder.get()
        elif what == "write" and locked.setdefault(task, number) == number:
            transactions[number].do(lambda task=task: tasks_core.run_now(task))  # type: ignore[misc]
        elif what in ("commit", "rollback"):
            getattr(transactions[number], what)()
            transactions[number] = OpenTransaction().__enter__()
            locked = {t: n for t, n in locked.items() if n != number}
    for each in transactions.values():
        each.rollback()
    recorder.get()
    stored = list(TaskEvent.objects.order_by("id").values_list("id", "task_id"))
    assert sorted(event.id for event in recorder.events) == [pk for pk, _ in stored]
    for task in tasks:
        ids = [event.id for event in recorder.events if event.task_id == task]
        assert ids == sorted(ids)
    assert Task.objects.count() == 5


def test_the_last_transaction_that_began_is_not_skipped_by_a_new_subscriber() -> None:
    plain_type()
    with OpenTransaction() as slow:
        late = slow.do(_enqueue)  # nothing else ends between this and the subscriber's first look
        recorder = Recorder()
        slow.commit()
    assert recorder.get() == [(late, "scheduled")]


def test_the_last_transaction_that_began_is_not_skipped_by_a_window() -> None:
    plain_type()
    recorder = Recorder()
    claimed = cursor.claim("recorder", holder="reader", seconds=-1)
    assert claimed is not None
    with OpenTransaction() as slow:
        late = slow.do(_enqueue)  # after whatever the reader has ended
        window = cursor.open_window(claimed)
        assert window is not None
        assert cursor.close_window(claimed, goes_on=False) is not None
        slow.commit()
    assert recorder.get() == [(late, "scheduled")]
