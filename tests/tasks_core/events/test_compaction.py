"""Old events make room for one summary of each task, whatever dies in between."""

import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.engine import decision
from tasks_core.engine.derivation import replay
from tasks_core.engine.events import Event
from tasks_core.events import compaction, retention
from tasks_core.events.compaction import compact
from tasks_core.events.partitions import DEFAULT, days, make_ahead
from tasks_core.events.retention import prune_histories, remove_old_events
from tasks_core.models import EventPartition, Task, TaskEvent, TaskHistory
from tests.engine.histories import History, histories
from tests.support.life import PLAIN, failed, plain_type, queue, take
from tests.support.life import write as finish
from tests.support.refusing import refusing
from tests.support.waiting import wait_until
from tests.tasks_core.events.storing import places, write, written_long_ago

pytestmark = pytest.mark.usefixtures("partitions")

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
TODAY = NOON.date()
DAY = timedelta(days=1)
MONTH = timedelta(days=31)


def _compact_all(day: Any = TODAY, *, events: int = 3) -> int:
    """Compact a day to its end; return how many events that were."""
    total = 0
    while count := compact(day, events=events):
        total += count
    return total


def _counts() -> Counter[tuple[int, str]]:
    """Count what the summaries tell, by task and kind."""
    return Counter(
        {(h.task_id, kind): n for h in TaskHistory.objects.all() for kind, n in h.counts.items()}
    )


def _stored() -> Counter[tuple[int, str]]:
    return Counter(TaskEvent.objects.values_list("task_id", "kind"))


def _some_events() -> None:
    make_ahead(NOON)
    for task_id in range(1, 8):
        for number, kind in enumerate(("scheduled", "queued", "started", "completed")):
            attempt = int(number > 1)
            write(kind, at=NOON + timedelta(seconds=number), task_id=task_id, attempt=attempt)
    written_long_ago()


def test_a_summary_tells_what_the_events_told() -> None:
    plain_type()
    make_ahead(NOON)
    with clock.frozen(NOON):
        task_id = tasks_core.enqueue(PLAIN, {}).pk
        [claimed] = take(queue())
        assert finish(claimed, failed(claimed))
    with clock.frozen(NOON + timedelta(minutes=5)):
        [claimed] = take(queue())
        assert finish(claimed, decision.succeeded())

    written_long_ago()
    assert _compact_all() == 8

    history = TaskHistory.objects.get()
    assert (history.task_id, history.task_type, history.state) == (task_id, PLAIN, "SUCCEEDED")
    assert (history.first_at, history.last_at) == (NOON, NOON + timedelta(minutes=5))
    assert (history.started_at, history.finished_at) == (NOON, NOON + timedelta(minutes=5))
    assert (history.attempts, history.attempts_returned) == (2, 0)
    assert (history.error, history.failed_at) == ("ValueError: broken", NOON)
    assert history.counts == {
        "scheduled": 1, "queued": 2, "started": 2, "failed": 1, "retrying": 1, "completed": 1,
    }  # fmt: skip
    assert TODAY not in days()
    assert not TaskEvent.objects.exists()
    assert not EventPartition.objects.exists()


def test_every_event_is_counted_once_in_batches_of_any_size() -> None:
    for size in (1, 2, 5, 100):
        _some_events()
        before = _stored()

        assert _compact_all(events=size) >= 28
        assert _counts() == before
        TaskHistory.objects.all().delete()


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(histories(20), min_size=1, max_size=4), st.data())
def test_what_was_summarized_in_any_order_of_days_replays_like_the_events(
    lives: list[History], data: st.DataObject
) -> None:
    """Days are drawn for each event: so far apart no clocks are, and still no fact is lost."""
    _begin_again()
    expected = {}
    for task_id, life in enumerate(lives, 1):
        spread = [data.draw(st.integers(0, 3)) for _ in life.events]
        _store(task_id, life.events, spread)
        expected[task_id] = replay(life.events).derived
    before = _stored()

    for day in data.draw(st.permutations(range(4))):
        _compact_all(TODAY + day * DAY)

    assert not TaskEvent.objects.exists()
    assert _counts() == before
    for history in TaskHistory.objects.all():
        derived = expected[history.task_id]
        assert history.state == derived.state
        assert history.attempts == derived.attempts
        assert history.attempts_returned == derived.attempts_returned
        assert history.state_event_id % 1_000 == derived.state_event_id
        assert (history.started_at is None) == (derived.started_at is None)
        assert (history.finished_at is None) == (derived.finished_at is None)


def _begin_again() -> None:
    for model in (TaskEvent, TaskHistory, EventPartition):
        model._default_manager.all().delete()
    make_ahead(NOON)


DATA = {"released": ("reason", "returned"), "lost": ("what", "isolated")}


def _store(task_id: int, events: Iterable[Event], days_later: list[int]) -> None:
    rows = []
    for event, days_more in zip(events, days_later, strict=True):
        names = DATA.get(event.kind, ())
        facts = {name: getattr(event, name) for name in names}
        rows.append(
            TaskEvent(
                id=task_id * 1_000 + event.id,
                task_id=task_id,
                task_type="plain",
                kind=event.kind,
                attempt=event.attempt,
                at=NOON + days_more * DAY + timedelta(seconds=event.id),
                data={name: value for name, value in facts.items() if value is not None} or None,
            )
        )
    TaskEvent.objects.bulk_create(rows)
    written_long_ago()


def test_a_transaction_that_is_rolled_back_counts_nothing() -> None:
    _some_events()
    before = _stored()

    with transaction.atomic():
        assert compact(TODAY, events=3) == 4
        transaction.set_rollback(True)

    assert not TaskHistory.objects.exists()
    _compact_all()
    assert _counts() == before


def test_what_stopped_between_two_batches_goes_on_there() -> None:
    _some_events()
    before = _stored()
    assert compact(TODAY, events=3) == 4

    mark = EventPartition.objects.get()
    assert (mark.position, mark.compacted_at) == (1, None)
    assert _compact_all() == 24
    assert _counts() == before


def test_what_stopped_before_the_drop_only_drops(monkeypatch: pytest.MonkeyPatch) -> None:
    _some_events()
    before = _stored()
    with monkeypatch.context() as ending_here:
        ending_here.setattr(compaction, "drop", lambda *_, **__: None)
        _compact_all()
    assert EventPartition.objects.get().compacted_at is not None
    assert _counts() == before

    assert compact(TODAY) == 0

    assert _counts() == before
    assert not TaskEvent.objects.exists()
    assert not EventPartition.objects.exists()


KILLED = """
import os, signal, django
django.setup()
from datetime import date
from tasks_core.events import compaction
batch = compaction._batch
def batch_and_die(*arguments):
    {when}
batches = 0
compaction._batch = batch_and_die
while compaction.compact(date({day:%Y, %-m, %-d}), events=3):
    pass
"""
BEFORE_COMMIT = """
    global batches
    batches += 1
    count = batch(*arguments)
    if batches == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return count
"""
AFTER_COMMIT = """
    global batches
    batches += 1
    if batches == 4:
        os.kill(os.getpid(), signal.SIGKILL)
    return batch(*arguments)
"""


@pytest.mark.parametrize("when", [BEFORE_COMMIT, AFTER_COMMIT])
def test_a_process_killed_at_work_leaves_what_another_can_finish(
    when: str, process_environment: dict[str, str]
) -> None:
    _some_events()
    before = _stored()
    script = KILLED.format(when=when.strip(), day=TODAY)
    environment = {**process_environment, "DJANGO_SETTINGS_MODULE": "scheduler_project.settings"}

    killed = subprocess.run([sys.executable, "-c", script], env=environment, check=False)

    assert killed.returncode == -signal.SIGKILL
    mark = EventPartition.objects.get()
    assert mark.position in (2, 3)
    wait_until(_is_compacted, what="the server notices that the process is gone")
    assert _counts() == before


def _is_compacted() -> bool:
    _compact_all()
    return TODAY not in days()


def test_an_event_that_comes_while_its_day_is_summarized_is_not_lost() -> None:
    _some_events()
    assert compact(TODAY, events=3) == 4
    write("progressed", at=NOON, task_id=1, attempt=1)  # behind the batch
    write("progressed", at=NOON, task_id=6, attempt=1)  # before it

    _compact_all()

    assert _stored() == {(1, "progressed"): 1, (6, "progressed"): 1}
    assert places() == {DEFAULT: 2}
    with clock.frozen(NOON + MONTH):
        assert remove_old_events() == 2
    assert not TaskEvent.objects.exists()
    assert _counts()[1, "progressed"] == _counts()[6, "progressed"] == 1


def test_events_with_the_numbers_of_another_database_are_summarized_all_the_same() -> None:
    """A restored copy numbers its transactions anew; old rows then seem to come from the future."""
    _some_events()
    before = _stored()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_core_taskevent SET transaction_id = '900000000000000'")

    _compact_all()

    assert _counts() == before
    assert not TaskEvent.objects.exists()


def test_old_days_go_one_after_the_other_and_young_ones_stay() -> None:
    first = clock.now().replace(hour=12)
    for days_later in range(3):
        make_ahead(first + days_later * DAY)
        write("scheduled", at=first + days_later * DAY, task_id=days_later + 1)
    written_long_ago()
    third = (first + 2 * DAY).date()

    with clock.frozen(first + timedelta(days=32)):
        while remove_old_events():
            pass

    assert days()[0] == third
    assert sorted(TaskHistory.objects.values_list("task_id", flat=True)) == [1, 2]
    assert list(TaskEvent.objects.values_list("task_id", flat=True)) == [3]


def test_what_lies_outside_of_all_days_is_summarized_and_deleted_by_age() -> None:
    write("scheduled", at=NOON, task_id=1)
    write("scheduled", at=NOON + 2 * DAY, task_id=2)
    written_long_ago()
    assert set(places()) == {DEFAULT}

    with clock.frozen(NOON + MONTH):
        assert remove_old_events() == 1
        assert remove_old_events() == 0

    assert list(TaskHistory.objects.values_list("task_id", flat=True)) == [1]
    assert list(TaskEvent.objects.values_list("task_id", flat=True)) == [2]


@pytest.mark.parametrize(
    ("unread_since", "days_kept"), [(None, 30), (-5, 35), (-100, 60), (50, 30)]
)
def test_days_stay_for_a_reader_but_not_for_ever(
    unread_since: int | None, days_kept: int, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "EVENT_RETENTION_DAYS": 30.0}
    needed = None if unread_since is None else NOON - timedelta(days=30) + unread_since * DAY
    monkeypatch.setattr(retention, "needed_since", lambda: needed)

    assert retention.removable_until(NOON) == NOON - days_kept * DAY


def _ended_task() -> int:
    task_id = tasks_core.enqueue(PLAIN, {}).pk
    assert tasks_core.cancel(task_id, reason="not wanted")
    return task_id


def test_summaries_go_by_age_once_their_task_is_gone() -> None:
    plain_type()
    gone, kept = _ended_task(), _ended_task()
    written_long_ago()
    now = clock.now()
    with clock.frozen(now + timedelta(days=32)):
        while remove_old_events():
            pass
    Task.objects.filter(pk=gone).delete()

    with clock.frozen(now + timedelta(days=89)):
        assert prune_histories() == 0
    with clock.frozen(now + timedelta(days=91)):
        assert prune_histories() == 1
    assert list(TaskHistory.objects.values_list("task_id", flat=True)) == [kept]


def test_a_summary_that_stored_events_go_on_from_stays() -> None:
    make_ahead(NOON)
    write("scheduled", at=NOON)
    write("cancelled", at=NOON + 200 * DAY)
    written_long_ago()
    _compact_all()

    with clock.frozen(NOON + 201 * DAY):
        assert prune_histories() == 0


def test_two_beats_do_not_count_twice() -> None:
    _some_events()
    before = _stored()
    assert compact(TODAY, events=3) == 4
    with transaction.atomic():
        assert compact(TODAY, events=3) == 4
        # The mark is locked until the end of the block.
        assert _elsewhere(lambda: compact(TODAY, events=3)) == 0
    _compact_all()
    assert _counts() == before


def _elsewhere(work: Callable[[], int]) -> int:
    def on_its_own_connection() -> int:
        try:
            return work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(on_its_own_connection).result(30)


def test_day_that_cannot_be_summarized_keeps_no_other_from_going() -> None:
    first = clock.now().replace(hour=12)
    for days_later in range(2):
        make_ahead(first + days_later * DAY)
        write("scheduled", at=first + days_later * DAY, task_id=days_later + 1)
    write("scheduled", at=NOON - MONTH, task_id=3)  # outside of all days
    written_long_ago()

    with (
        refusing("tasks_core_taskhistory", "NEW.task_id = 1", when="INSERT"),
        clock.frozen(first + timedelta(days=32)),
    ):
        while remove_old_events():
            pass

    assert sorted(TaskHistory.objects.values_list("task_id", flat=True)) == [2, 3]
    assert list(TaskEvent.objects.values_list("task_id", flat=True)) == [1]
