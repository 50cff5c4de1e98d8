"""A subscriber that fails is called again, then parked; it never holds up others, nor loses its place."""

import time
from collections.abc import Sequence
from datetime import timedelta

import pytest
from django.db import connection
from pytest_django import DjangoAssertNumQueries

import tasks_core
from tasks_core import clock
from tasks_core.engine.events import Event, TaskCancelled, TaskScheduled
from tasks_core.events import cursor
from tasks_core.models import EventSubscription, TaskTypeStatistics
from tasks_core.signals import subscription_parked
from tasks_core.worker.event_delivery import deliver
from tests.support.life import PLAIN, plain_type
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("transactional_db")


def _enqueue(count: int) -> list[int]:
    plain_type()
    later = clock.now() + timedelta(days=1)
    return tasks_core.enqueue_many(PLAIN, [{}] * count, run_after=later)


def _retry_is_due() -> None:
    with connection.cursor() as statement:
        statement.execute("UPDATE tasks_core_eventsubscription SET retry_at = NULL")


def test_events_come_in_batches_of_the_wanted_size() -> None:
    recorder = Recorder(batch_size=4)
    ids = _enqueue(10)
    assert [task for task, _ in recorder.get()] == ids
    assert recorder.calls == [4, 4, 2]
    row = recorder.row
    assert row.delivered == 10
    assert row.last_event_at == recorder.events[-1].at
    assert row.lease_until is None


def test_only_the_wanted_kinds_and_types_come() -> None:
    plain_type("other")
    of_kind = Recorder("kinds", TaskCancelled)
    of_type = Recorder("types", task_types=["other"])
    ids = _enqueue(3)
    other = tasks_core.schedule_delayed("other", {}, delay=timedelta(days=1))
    tasks_core.cancel(ids[0], reason="not wanted")
    assert of_kind.get() == [(ids[0], "cancelled")]
    assert of_type.get() == [(other.pk, "scheduled")]


def test_a_batch_that_fails_comes_again_after_a_pause_and_others_go_on() -> None:
    failing, other = Recorder("failing", batch_size=2), Recorder("other")
    failing.fails_with = RuntimeError("the receiver is down")
    ids = _enqueue(4)
    assert failing.get() == []
    assert len(other.get()) == 4
    row = failing.row
    assert (row.failures, row.error) == (1, "RuntimeError: the receiver is down")
    assert failing.get() == []
    assert failing.calls == [2]  # the pause is not over
    failing.fails_with = None
    _retry_is_due()
    assert [task for task, _ in failing.get()] == ids
    assert (failing.row.failures, failing.row.error) == (0, "")


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=["exit", "interrupt"])
def test_a_subscriber_that_wants_to_end_its_process_has_failed(error: BaseException) -> None:
    failing = Recorder("failing")
    failing.fails_with = error
    _enqueue(1)
    assert failing.get() == []
    assert failing.row.failures == 1


def test_after_enough_failures_it_is_parked_with_an_alert_until_somebody_resumes_it() -> None:
    parked: list[str] = []
    alert = lambda name, **_: parked.append(name)  # noqa: E731
    subscription_parked.connect(alert)
    recorder = Recorder(max_failures=3)
    recorder.fails_with = RuntimeError("broken")
    ids = _enqueue(1)
    for _ in range(5):
        recorder.get()
        _retry_is_due()
    subscription_parked.disconnect(alert)
    assert len(recorder.calls) == 3
    assert recorder.row.state == EventSubscription.State.PARKED
    assert parked == ["recorder"]
    recorder.fails_with = None
    assert tasks_core.resume_subscription("recorder")
    assert recorder.get() == [(ids[0], "scheduled")]


def test_pauses_grow_between_failures() -> None:
    recorder = Recorder()
    recorder.fails_with = RuntimeError("broken")
    _enqueue(1)
    pauses = []
    for _ in range(3):
        recorder.get()
        row = recorder.row
        assert row.retry_at is not None
        pauses.append((row.retry_at - clock.now()).total_seconds())
        _retry_is_due()
    assert pauses == pytest.approx([1.0, 2.0, 4.0], abs=0.5)


def test_one_by_one_the_events_before_the_failing_one_do_not_come_again() -> None:
    seen: list[int] = []

    @tasks_core.on_event(TaskScheduled, name="one-by-one")
    def note(event: TaskScheduled) -> None:
        if len(seen) == 3 and not seen_again:
            raise RuntimeError("the fourth fails")
        seen.append(event.task_id)

    seen_again: list[bool] = []
    cursor.create("one-by-one", from_beginning=False, now=clock.now())
    ids = _enqueue(5)
    deliver("one-by-one", holder="test")
    assert seen == ids[:3]
    assert EventSubscription.objects.get().error == "RuntimeError: the fourth fails"
    seen_again.append(True)
    _retry_is_due()
    deliver("one-by-one", holder="test")
    assert seen == ids


def test_an_atomic_subscriber_writes_and_moves_on_together_or_not_at_all() -> None:
    def write(events: Sequence[Event]) -> None:
        for event in events:
            TaskTypeStatistics.objects.create(
                task_type=f"event-{event.id}", mean_runtime=1.0, measured_at=clock.now()
            )
        if failing:
            raise RuntimeError("after it wrote")

    failing = [True]
    tasks_core.subscribe("atomic", [TaskScheduled], write, atomic=True)
    cursor.create("atomic", from_beginning=False, now=clock.now())
    _enqueue(2)
    deliver("atomic", holder="test")
    assert not TaskTypeStatistics.objects.exists()
    failing.clear()
    _retry_is_due()
    deliver("atomic", holder="test")
    assert TaskTypeStatistics.objects.count() == 2


def test_whoever_has_lost_the_cursor_moves_it_no_more() -> None:
    class Slow(Recorder):
        def __call__(self, events: Sequence[Event]) -> None:
            super().__call__(events)
            if len(self.calls) == 1:
                tasks_core.replay_events(self.name, after=0)  # takes the cursor away meanwhile

    slow = Slow(batch_size=2)
    ids = _enqueue(4)
    assert [task for task, _ in slow.get()] == ids[:2]
    assert slow.row.after == 0
    assert [task for task, _ in slow.get()] == ids


def test_two_workers_never_call_the_same_subscriber_at_once() -> None:
    recorder = Recorder()
    _enqueue(1)
    held = cursor.claim("recorder", holder="another", seconds=30)
    assert held is not None
    assert recorder.get() == []
    cursor.release(held)
    assert len(recorder.get()) == 1


def test_a_lease_that_is_over_is_taken_by_another_worker() -> None:
    recorder = Recorder()
    _enqueue(1)
    assert cursor.claim("recorder", holder="killed", seconds=-1) is not None
    assert len(recorder.get()) == 1


def test_a_window_that_was_under_way_is_read_on_where_it_stopped() -> None:
    recorder = Recorder(batch_size=2)
    ids = _enqueue(6)
    claimed = cursor.claim("recorder", holder="killed", seconds=-1)
    assert claimed is not None
    window = cursor.open_window(claimed)
    assert window is not None
    first = window.floor + 2
    assert cursor.advance(claimed, first, count=2, last_event_at=clock.now(), seconds=-1)
    later = _enqueue(1)
    assert [task for task, _ in recorder.get() + recorder.get()] == ids[2:] + later


def test_a_paused_subscriber_gets_nothing_and_then_all() -> None:
    recorder = Recorder()
    assert tasks_core.pause_subscription("recorder")
    assert not tasks_core.pause_subscription("recorder")
    ids = _enqueue(2)
    assert recorder.get() == []
    assert tasks_core.resume_subscription("recorder")
    assert [task for task, _ in recorder.get()] == ids


def test_a_call_that_takes_too_long_counts_as_failed() -> None:
    class Stuck(Recorder):
        def __call__(self, events: Sequence[Event]) -> None:
            time.sleep(20)

    stuck = Stuck(max_runtime=0.05)
    _enqueue(1)
    began = time.monotonic()
    stuck.get()
    assert time.monotonic() - began < 10
    assert stuck.row.error.startswith("MaxRuntimeExceeded")


def test_a_new_subscriber_begins_now_or_with_all_there_is() -> None:
    ids = _enqueue(2)
    now, beginning = Recorder("now"), Recorder("beginning", start="beginning")
    assert now.get() == []
    assert [task for task, _ in beginning.get()] == ids


def test_a_turn_costs_few_statements(
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    recorder = Recorder()
    _enqueue(100)
    # Two to claim, one to begin a window, one to read it, advance, close; two more if somebody was writing.
    with django_assert_max_num_queries(8):
        assert len(recorder.get()) == 100
