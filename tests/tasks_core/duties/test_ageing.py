"""Tasks that more urgent work keeps from starting."""

from datetime import timedelta

import pytest

import tasks_core
from tasks_core import HIGH, LOW, NORMAL, clock
from tasks_core.duties.ageing import LIMIT, promote
from tasks_core.models import Task
from tasks_core.sql.recover import advance_lane
from tests.support.life import events_of, plain_type, queue

pytestmark = pytest.mark.usefixtures("transactional_db")

LATER = timedelta(seconds=61)


def _waiting(count: int, priority: int) -> list[int]:
    plain_type()
    ids = tasks_core.enqueue_many("plain", [{}] * count, priority=priority)
    queue()
    return ids


def _priorities(ids: list[int]) -> set[int]:
    return set(Task.objects.filter(pk__in=ids).values_list("priority", flat=True))


def test_a_starving_lane_moves_up_while_a_more_urgent_one_moves_on() -> None:
    ids = _waiting(3, LOW)
    now = clock.now() + LATER
    advance_lane("default", HIGH, claimed_until=now)
    with clock.frozen(now):
        assert promote() == 3
    assert _priorities(ids) == {NORMAL}
    assert set(Task.objects.values_list("state", flat=True)) == {"SCHEDULED"}
    assert events_of(ids[0]) == ["scheduled", "queued", "released"]


def test_nothing_is_promoted_while_no_worker_takes_anything() -> None:
    ids = _waiting(3, LOW)
    with clock.frozen(clock.now() + LATER):
        assert promote() == 0
    assert _priorities(ids) == {LOW}


def test_a_lane_that_moves_on_by_itself_is_left_alone() -> None:
    ids = _waiting(3, LOW)
    now = clock.now() + LATER
    for priority in (HIGH, LOW):
        advance_lane("default", priority, claimed_until=now)
    with clock.frozen(now):
        assert promote() == 0
    assert _priorities(ids) == {LOW}


def test_urgent_work_of_another_queue_keeps_nobody_from_starting() -> None:
    ids = _waiting(3, LOW)
    now = clock.now() + LATER
    advance_lane("other", HIGH, claimed_until=now)
    with clock.frozen(now):
        assert promote() == 0
    assert _priorities(ids) == {LOW}


def test_what_has_not_waited_long_is_left_alone() -> None:
    ids = _waiting(3, LOW)
    advance_lane("default", HIGH, claimed_until=clock.now())
    assert promote() == 0
    assert _priorities(ids) == {LOW}


def test_nothing_becomes_critical() -> None:
    ids = _waiting(3, HIGH)
    now = clock.now() + LATER
    advance_lane("default", tasks_core.CRITICAL, claimed_until=now)
    with clock.frozen(now):
        assert promote() == 0
    assert _priorities(ids) == {HIGH}


def test_a_large_lane_moves_up_a_few_at_a_time_the_oldest_first() -> None:
    ids = _waiting(LIMIT + 50, LOW)
    now = clock.now() + LATER
    advance_lane("default", HIGH, claimed_until=now)
    with clock.frozen(now):
        assert promote() == LIMIT
    assert _priorities(ids) == {NORMAL, LOW}
