"""Reading tasks: by what is known of them, page by page, and waiting for one to end."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.client.find import find, wait
from tasks_core.engine.states import State
from tasks_core.exceptions import InvalidOption, TaskNotFound
from tests.support.life import bring_to, plain_type
from tests.support.threads import in_own_connection

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def known_types() -> None:
    plain_type()
    plain_type("other", queue_name="mail")


def _found(**conditions: Any) -> list[int]:
    return [task.pk for task in find(**conditions).tasks]


def test_pages_are_complete_newest_first_and_not_shifted_by_new_tasks() -> None:
    ids = tasks_core.enqueue_many("plain", [{}] * 25)
    seen: list[int] = []
    after = None
    while True:
        page = find(limit=10, after=after)
        seen += [task.pk for task in page.tasks]
        tasks_core.enqueue("plain", {})
        if page.next_after is None:
            break
        after = page.next_after

    assert seen == sorted(ids, reverse=True)


def test_last_page_that_is_just_full_has_no_next() -> None:
    tasks_core.enqueue_many("plain", [{}] * 10)

    assert find(limit=10).next_after is None
    assert find(limit=9).next_after is not None


def test_conditions_are_combined() -> None:
    dead = bring_to(State.DEAD, tags=["a", "b"], correlation_id="c")
    done = bring_to(State.SUCCEEDED, tags=["a"])
    other = tasks_core.enqueue("other", {}, tags=["b"]).pk

    assert _found(states=["dead"]) == [dead]
    assert _found(states=["DEAD", "SUCCEEDED"]) == [done, dead]
    assert _found(task_types=["other"]) == _found(queue_names=["mail"]) == [other]
    assert _found(tags=["a"]) == [done, dead]
    assert _found(tags=["a", "b"]) == [dead]
    assert _found(tags=["b"], states=["SCHEDULED"]) == [other]
    assert _found(correlation_id="c") == [dead]
    assert _found(correlation_id="") == [other, done, dead]


def test_times_are_from_included_until_excluded() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    ids = []
    for minutes in range(3):
        with clock.frozen(noon + timedelta(minutes=minutes)):
            ids.append(tasks_core.enqueue("plain", {}).pk)

    assert _found(enqueued_from=noon + timedelta(minutes=1)) == [ids[2], ids[1]]
    assert _found(enqueued_until=noon + timedelta(minutes=1)) == [ids[0]]


def test_overdue_tasks_are_those_that_should_have_begun() -> None:
    now = clock.now()
    late = tasks_core.enqueue("plain", {}, run_after=now - timedelta(minutes=10)).pk
    tasks_core.enqueue("plain", {}, run_after=now - timedelta(minutes=1))
    tasks_core.enqueue("plain", {}, run_after=now + timedelta(minutes=1))

    with clock.frozen(now):
        assert _found(overdue_by=timedelta(minutes=5)) == [late]


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ({"limit": 0}, "limit must lie between 1 and 1000, not 0"),
        ({"limit": 1_001}, "not 1001"),
        ({"states": ["lost"]}, "states: 'lost' is no state; there are SCHEDULED"),
        ({"states": "DEAD"}, "states must be a list, not one string"),
        ({"tags": "a"}, "tags must be a list, not one string"),
        ({"enqueued_from": datetime(2026, 1, 1)}, r"enqueued_from \(.*\) has no time zone"),  # noqa: DTZ001
    ],
)
def test_condition_that_makes_no_sense_is_refused(conditions: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidOption, match=message):
        find(**conditions)


def test_wait_returns_the_task_once_it_has_ended() -> None:
    task_id = bring_to(State.SCHEDULED)
    threading.Timer(
        0.1, lambda: in_own_connection(lambda: tasks_core.cancel(task_id, reason="x"))
    ).start()

    assert wait(task_id, timeout=20).state == State.CANCELLED


def test_wait_gives_up_with_the_state() -> None:
    task_id = bring_to(State.QUEUED)

    with pytest.raises(TimeoutError, match=f"task {task_id} is still QUEUED after 0.1 s"):
        wait(task_id, timeout=0.1)


def test_wait_for_a_task_that_does_not_exist_ends_at_once() -> None:
    with pytest.raises(TaskNotFound):
        wait(10**9, timeout=20)
