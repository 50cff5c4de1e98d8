"""Find tasks, and wait for one to end."""

import threading
from datetime import timedelta

import pytest

import tasks_core
from tasks_core import HIGH, clock
from tasks_core.engine import decision
from tasks_core.exceptions import InvalidOption, TaskNotFound
from tests.tasks_core.life import PLAIN, plain_type, queue, take, write
from tests.tasks_core.threads import in_own_connection

pytestmark = pytest.mark.usefixtures("transactional_db")


def _found(**conditions: object) -> list[int]:
    return [task.pk for task in tasks_core.find(**conditions).tasks]  # type: ignore[arg-type]


def test_pages_follow_each_other_without_gap_or_repetition() -> None:
    plain_type()
    ids = tasks_core.enqueue_many(PLAIN, [{}] * 25)
    seen: list[int] = []
    after = None
    while True:
        page = tasks_core.find(limit=10, after=after)
        seen += [task.pk for task in page.tasks]
        tasks_core.enqueue(PLAIN, {})  # what comes meanwhile does not shift the pages
        if page.next_after is None:
            break
        after = page.next_after
    assert seen == sorted(ids, reverse=True)


def test_conditions_are_combined() -> None:
    plain_type()
    plain_type("other")
    first = tasks_core.enqueue(PLAIN, {}, tags=["vip", "eu"], correlation_id="request-1").pk
    second = tasks_core.enqueue("other", {}, tags=["vip"], queue_name="mail").pk
    assert tasks_core.cancel(second, reason="not wanted")

    assert _found(tags=["vip"]) == [second, first]
    assert _found(tags=["vip", "eu"]) == [first]
    assert _found(correlation_id="request-1") == [first]
    assert _found(task_types=["other"]) == [second]
    assert _found(queue_names=["mail"], states=["cancelled"]) == [second]
    assert _found(states=["SCHEDULED"], task_types=["other"]) == []
    assert _found(enqueued_from=clock.now()) == []
    assert _found(enqueued_until=clock.now()) == [second, first]


def test_overdue_tasks_are_those_that_wait_too_long() -> None:
    plain_type()
    late = tasks_core.enqueue(PLAIN, {}).pk
    tasks_core.schedule_delayed(PLAIN, {}, delay=3600)
    assert _found(overdue_by=timedelta(minutes=1)) == []
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert _found(overdue_by=timedelta(minutes=1)) == [late]


@pytest.mark.parametrize(
    ("conditions", "named"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"states": ["SLEEPING"]}, "'SLEEPING' is no state"),
        ({"states": "DEAD"}, "states must be a list"),
        ({"enqueued_from": clock.now().replace(tzinfo=None)}, "enqueued_from has no time zone"),
    ],
)
def test_wrong_conditions_are_refused_by_name(conditions: dict[str, object], named: str) -> None:
    with pytest.raises(InvalidOption, match=named):
        _found(**conditions)


def test_waiting_returns_the_task_as_soon_as_it_has_ended() -> None:
    plain_type()
    task = tasks_core.enqueue(PLAIN, {}, priority=HIGH)
    [claimed] = take(queue())
    timer = threading.Timer(
        0.1, lambda: in_own_connection(lambda: write(claimed, decision.succeeded(7)))
    )
    timer.start()
    try:
        assert tasks_core.wait(task.pk, timeout=20).result == 7
    finally:
        timer.join()


def test_waiting_gives_up_and_names_the_state() -> None:
    plain_type()
    task = tasks_core.enqueue(PLAIN, {})
    with pytest.raises(TimeoutError, match="still SCHEDULED"):
        tasks_core.wait(task.pk, timeout=0.05)


def test_an_unknown_task_is_said_to_be_unknown() -> None:
    with pytest.raises(TaskNotFound, match="no task 404"):
        tasks_core.wait(404, timeout=1)
