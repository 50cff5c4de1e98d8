"""One transaction wakes the dispatchers once, and each nudge only those whom it concerns."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from django.db import transaction

import tasks_core
from tasks_core import clock
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tests.support.life import plain_type
from tests.tasks_core.schedules.periodic import interval, periodic

pytestmark = pytest.mark.usefixtures("transactional_db")


class OnPurpose(Exception):
    """Rolls a savepoint back."""


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def _rolled_back() -> None:
    with suppress(OnPurpose), transaction.atomic():
        tasks_core.enqueue("plain", {})
        raise OnPurpose


def test_many_tasks_of_a_transaction_nudge_once(heard: Callable[[], int]) -> None:
    with transaction.atomic():
        for _ in range(300):
            tasks_core.enqueue("plain", {})
        tasks_core.enqueue_many("plain", [{}] * 3)

    assert heard() == 1


def test_tasks_in_savepoints_nudge_once(heard: Callable[[], int]) -> None:
    with transaction.atomic():
        for _ in range(10):
            with transaction.atomic():
                tasks_core.enqueue("plain", {})

    assert heard() == 1


def test_nudge_of_a_savepoint_that_was_rolled_back_is_not_relied_upon(
    heard: Callable[[], int],
) -> None:
    with transaction.atomic():
        _rolled_back()
        with transaction.atomic():
            _rolled_back()
            tasks_core.enqueue("plain", {})
        _rolled_back()

    assert heard() == 1


def test_each_transaction_nudges(heard: Callable[[], int]) -> None:
    for _ in range(3):
        with transaction.atomic():
            tasks_core.enqueue("plain", {})
        tasks_core.enqueue("plain", {})

    assert heard() == 6


def test_transaction_that_is_rolled_back_does_not_nudge(heard: Callable[[], int]) -> None:
    with suppress(OnPurpose), transaction.atomic():
        tasks_core.enqueue("plain", {})
        raise OnPurpose

    assert heard() == 0


def test_task_wakes_the_dispatchers_and_leaves_the_leader_of_schedules_asleep(
    heard: Callable[[], int], heard_of_schedules: Callable[[], int]
) -> None:
    tasks_core.enqueue("plain", {})
    tasks_core.enqueue_many("plain", [{}] * 3)

    assert (heard(), heard_of_schedules()) == (2, 0)


def test_schedule_wakes_its_leader_and_leaves_the_dispatchers_asleep(
    heard: Callable[[], int], heard_of_schedules: Callable[[], int]
) -> None:
    tasks_core.schedule_recurring("plain", name="s", cron="0 9 * * *")
    tasks_core.update_schedule("s", cron="0 8 * * *")
    tasks_core.pause_schedule("s", reason="a test")
    tasks_core.resume_schedule("s")

    assert heard() == 0
    assert heard_of_schedules() == 3


def test_schedule_that_is_triggered_wakes_the_dispatchers(heard: Callable[[], int]) -> None:
    tasks_core.schedule_recurring("plain", name="s", cron="0 9 * * *")
    tasks_core.trigger_now("s")

    assert heard() == 1


def test_periodic_task_that_is_followed_wakes_the_leader(
    heard_of_schedules: Callable[[], int],
) -> None:
    periodic(clock.now(), task="plain", interval=interval(3600))
    follow()

    assert heard_of_schedules() == 1
