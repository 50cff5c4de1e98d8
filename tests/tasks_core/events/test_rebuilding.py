"""What the events lead to is compared with the table, and every difference is told."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import tasks_core
from tasks_core import clock
from tasks_core.duties.pruning import prune
from tasks_core.engine.states import State
from tasks_core.events import rebuilding
from tasks_core.events.compaction import compact
from tasks_core.events.rebuilding import Difference, rebuild, rebuild_task
from tasks_core.events.retention import remove_old_events
from tasks_core.models import Task, TaskEvent, TaskHistory
from tests.support.life import PLAIN, bring_to, plain_type, queued, running
from tests.tasks_core.events.storing import written_long_ago

pytestmark = pytest.mark.usefixtures("partitions")

MONTH = timedelta(days=31)


def _differences(**limits: Any) -> list[Difference]:
    return [found for chunk in rebuild(**limits) for found in chunk.differences]


@pytest.fixture(autouse=True)
def _plain_type() -> None:
    plain_type()


def _one_of_each() -> dict[State, int]:
    ids = {state: bring_to(state) for state in State}
    written_long_ago()
    return ids


def test_tasks_and_events_of_every_state_agree() -> None:
    _one_of_each()
    assert _differences() == []


def test_they_agree_after_their_events_were_summarized() -> None:
    ids = _one_of_each()
    with clock.frozen(clock.now() + MONTH):
        while remove_old_events():
            pass
        assert not TaskEvent.objects.exists()
        assert TaskHistory.objects.count() == len(State)
        assert _differences() == []
        assert tasks_core.cancel(ids[State.RETRYING], reason="late")
        assert _differences() == []


def test_they_agree_in_the_middle_of_a_summary() -> None:
    _one_of_each()
    today = clock.now().date()
    while compact(today, events=2):
        assert _differences() == []
    assert not TaskEvent.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("state", "QUEUED"),
        ("attempts", 4),
        ("attempts_returned", 1),
        ("started_at", datetime.fromisoformat("2026-03-01T00:00:00+00:00")),
        ("finished_at", None),
    ],
)
def test_a_corrupted_row_is_reported(field: str, value: object) -> None:
    ids = _one_of_each()
    task_id = ids[State.SUCCEEDED]
    before = getattr(Task.objects.get(pk=task_id), field)
    Task.objects.filter(pk=task_id).update(**{field: value})

    [found] = _differences()

    assert (found.task_id, found.task_type, found.field) == (task_id, PLAIN, field)
    assert (found.stored, found.derived) == (value, before)


def test_a_task_without_events_is_reported() -> None:
    task_id = queued()
    TaskEvent.objects.filter(task_id=task_id).delete()

    [found] = _differences()

    assert (found.task_id, found.field, found.stored) == (task_id, "events", "QUEUED")


def test_a_missing_event_is_reported_with_the_one_that_shows_it() -> None:
    task = running()
    TaskEvent.objects.filter(task_id=task.id, kind="queued").delete()

    [found] = _differences()

    assert found.field == "events"
    assert "(started) cannot leave SCHEDULED" in str(found.derived)


def test_events_of_a_task_that_is_gone_are_reported() -> None:
    task_id = queued()
    Task.objects.filter(pk=task_id).delete()

    [found] = _differences()

    assert found == Difference(task_id, PLAIN, "row", None, "QUEUED")


def test_events_of_a_task_that_was_removed_by_age_are_not() -> None:
    bring_to(State.SUCCEEDED)
    with clock.frozen(clock.now() + timedelta(days=8)):
        assert prune() == 1
        assert TaskEvent.objects.exists()
        assert _differences() == []


def test_an_event_of_a_kind_that_this_version_does_not_know_is_reported() -> None:
    task_id = queued()
    event = TaskEvent.objects.create(
        task_id=task_id, task_type=PLAIN, kind="exploded", at=clock.now()
    )

    [found] = _differences()

    assert found.field == "events"
    assert str(found.derived).startswith(f"event {event.pk}: 'exploded' is no kind of event")


def test_chunks_join_wherever_they_end(monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sorted([*_one_of_each().values(), *_one_of_each().values()])
    Task.objects.filter(pk__in=ids).update(attempts=9)
    for tasks, events in ((1, 1_000), (3, 1_000), (1_000, 1), (1_000, 4), (5, 9)):
        monkeypatch.setattr(rebuilding, "TASKS", tasks)
        monkeypatch.setattr(rebuilding, "EVENTS", events)
        chunks = list(rebuild())

        assert sum(chunk.tasks for chunk in chunks) == len(ids)
        assert [d.task_id for chunk in chunks for d in chunk.differences] == ids
        assert chunks[-1].last_id == ids[-1]


def test_it_goes_on_after_an_id_and_ends_at_one() -> None:
    ids = sorted(_one_of_each().values())
    Task.objects.filter(pk__in=ids).update(attempts=9)

    assert [d.task_id for d in _differences(after=ids[2])] == ids[3:]
    assert [d.task_id for d in _differences(after=ids[2], until=ids[4])] == ids[3:5]
    assert [d.task_id for d in rebuild_task(ids[5])] == [ids[5]]


def test_nothing_to_compare_is_no_difference() -> None:
    assert list(rebuild()) == []
    assert rebuild_task(17) == []


def test_it_refuses_to_run_in_a_transaction_that_may_not_see_one_moment() -> None:
    with transaction.atomic(), pytest.raises(RuntimeError, match="durable"):
        list(rebuild())


@settings(
    max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.sampled_from(State), min_size=1, max_size=5), st.data())
def test_whatever_single_fact_is_changed_it_is_that_one_that_is_reported(
    states: list[State], data: st.DataObject
) -> None:
    ids = [bring_to(state) for state in states]
    changed = data.draw(st.sampled_from(ids))
    Task.objects.filter(pk=changed).update(attempts_returned=data.draw(st.integers(1, 100)))

    assert [(d.task_id, d.field) for d in _differences(after=ids[0] - 1)] == [
        (changed, "attempts_returned")
    ]
    Task.objects.filter(pk=changed).update(attempts_returned=0)
