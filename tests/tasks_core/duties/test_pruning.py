"""Finished tasks are removed by age."""

from datetime import timedelta

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.duties.pruning import prune
from tasks_core.engine import decision
from tasks_core.engine.decision import Attempt
from tasks_core.engine.outcome import Failure
from tasks_core.models import DeadLetter, Task, TaskEvent
from tests.support.life import PLAIN, plain_type, queue, take, write

pytestmark = pytest.mark.usefixtures("transactional_db")

WEEK, MONTH = timedelta(days=7, minutes=1), timedelta(days=30, minutes=1)


def _dead() -> DeadLetter:
    task = tasks_core.enqueue(PLAIN, {})
    [claimed] = take(queue())
    failure = Failure(error="builtins.ValueError", message="broken", final=True)
    facts = Attempt(used=1, first_started_at=clock.now())
    assert write(claimed, decision.final_failure(failure, facts, reason="it is broken"))
    return DeadLetter.objects.get(task=task)


def _succeeded(count: int) -> list[int]:
    ids = tasks_core.enqueue_many(PLAIN, [{}] * count)
    for claimed in take(queue()):
        assert write(claimed, decision.succeeded())
    return ids


def test_succeeded_tasks_go_after_a_week_and_their_events_stay() -> None:
    plain_type()
    _succeeded(3)
    waiting = tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=365))
    assert prune() == 0
    with clock.frozen(clock.now() + WEEK):
        assert prune() == 3
    assert list(Task.objects.values_list("pk", flat=True)) == [waiting.pk]
    assert TaskEvent.objects.filter(kind="completed").count() == 3


def test_unsuccessful_tasks_stay_for_a_month() -> None:
    plain_type()
    task = tasks_core.enqueue(PLAIN, {})
    assert tasks_core.cancel(task.pk, reason="not wanted")
    with clock.frozen(clock.now() + WEEK):
        assert prune() == 0
    with clock.frozen(clock.now() + MONTH):
        assert prune() == 1


def test_a_task_under_an_open_dead_letter_stays_until_that_is_resolved() -> None:
    plain_type()
    letter = _dead()
    with clock.frozen(clock.now() + MONTH):
        assert prune() == 0
        tasks_core.discard(letter.pk, note="known")
        assert prune() == 1
    assert not DeadLetter.objects.exists()


def test_a_replayed_task_and_its_replay_can_go_in_any_order() -> None:
    plain_type()
    letter = _dead()
    replay = tasks_core.replay(letter.pk)
    [claimed] = take(queue())
    assert write(claimed, decision.succeeded())
    with clock.frozen(clock.now() + WEEK):
        assert prune() == 1  # the replay has succeeded, so it is not kept as long
    letter.refresh_from_db()
    assert (letter.replayed_as_id, letter.resolution) == (None, "replayed")
    assert not Task.objects.filter(pk=replay.pk).exists()
    with clock.frozen(clock.now() + MONTH):
        assert prune() == 1
    assert not Task.objects.exists()


def test_both_of_a_replayed_pair_can_go_at_once() -> None:
    plain_type()
    tasks_core.replay(_dead().pk)
    [claimed] = take(queue())
    assert write(claimed, decision.succeeded())
    with clock.frozen(clock.now() + MONTH):
        while prune():
            pass
    assert not Task.objects.exists()
    assert not DeadLetter.objects.exists()


def test_a_call_removes_no_more_than_its_limit() -> None:
    plain_type()
    _succeeded(25)
    with clock.frozen(clock.now() + WEEK):
        assert [prune(limit=10) for _ in range(4)] == [10, 10, 5, 0]
