"""Events are found by task, type, kind and time, the newest first, a page at a time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.events import TaskFailed, TaskQueued, TaskScheduled, TaskStarted
from tasks_core.events.partitions import make_ahead
from tasks_core.exceptions import InvalidOption
from tests.support.life import PLAIN, plain_type, running
from tests.tasks_core.events.storing import write

pytestmark = pytest.mark.usefixtures("partitions")

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def _found(**conditions: Any) -> list[int]:
    return [event.id for event in tasks_core.find_events(**conditions).events]


def test_events_come_typed_and_the_newest_first() -> None:
    plain_type()
    task = running()

    events = tasks_core.find_events(task_id=task.id).events

    assert [type(event) for event in events] == [TaskStarted, TaskQueued, TaskScheduled]
    started = events[0]
    assert isinstance(started, TaskStarted)
    assert (started.task_id, started.task_type, started.attempt) == (task.id, PLAIN, 1)
    assert started.waited is not None
    assert 0 <= started.waited < 60


def test_each_condition_leaves_only_what_fits() -> None:
    make_ahead(NOON)
    first = write("queued", at=NOON, task_id=1)
    failed = write("failed", at=NOON + timedelta(hours=1), task_id=1, task_type="other")
    last = write("queued", at=NOON + timedelta(days=1), task_id=2, task_type="third")

    assert _found() == [last, failed, first]
    assert _found(task_id=1) == [failed, first]
    assert _found(task_types=["other", "third"]) == [last, failed]
    assert _found(kinds=["queued"]) == [last, first]
    assert _found(kinds=[TaskFailed, "QUEUED"]) == [last, failed, first]
    assert _found(at_from=NOON + timedelta(hours=1)) == [last, failed]
    assert _found(at_until=NOON + timedelta(hours=1)) == [first]
    assert _found(at_from=NOON, at_until=NOON + timedelta(days=1), kinds=["queued"]) == [first]
    assert _found(task_id=2, kinds=["failed"]) == []


def test_pages_join_without_gap_although_events_are_written_meanwhile() -> None:
    ids = [write("queued", at=clock.now(), task_id=n) for n in range(7)]
    seen: list[int] = []
    after = None
    while True:
        page = tasks_core.find_events(after=after, limit=3)
        seen += [event.id for event in page.events]
        write("started", at=clock.now())
        after = page.next_after
        if after is None:
            break

    assert seen == ids[::-1]


@pytest.mark.parametrize(
    ("conditions", "complaint"),
    [
        ({"limit": 0}, "limit must lie between 1 and 1000, not 0"),
        ({"kinds": ["exploded"]}, "kinds: 'exploded' is no kind of event; there are scheduled,"),
        ({"kinds": "failed"}, "kinds must be a list"),
        ({"task_types": "plain"}, "task_types must be a list"),
        ({"at_from": datetime(2026, 3, 1)}, r"at_from \(.*\) has no time zone"),  # noqa: DTZ001
        ({"at_until": datetime(2026, 3, 1)}, r"at_until \(.*\) has no time zone"),  # noqa: DTZ001
    ],
)
def test_nonsense_is_refused_by_the_name_of_its_argument(
    conditions: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(InvalidOption, match=complaint):
        tasks_core.find_events(**conditions)
