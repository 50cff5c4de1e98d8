"""Replay gives again what was, and leaves nothing out that is still to come."""

from datetime import UTC, datetime, timedelta

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.exceptions import InvalidOption, SubscriptionNotFound
from tests.support.life import PLAIN, plain_type
from tests.tasks_core.events.open_transaction import OpenTransaction
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("transactional_db")


def _enqueue(count: int = 1) -> list[int]:
    plain_type()
    later = clock.now() + timedelta(days=30)
    return tasks_core.enqueue_many(PLAIN, [{}] * count, run_after=later)


def test_from_a_time_on_all_events_come_again() -> None:
    recorder = Recorder()
    start = datetime(2026, 5, 1, tzinfo=UTC)
    with clock.frozen(start):
        _enqueue(2)
    with clock.frozen(start + timedelta(hours=1)):
        later = _enqueue(2)
    assert len(recorder.get()) == 4
    tasks_core.replay_events("recorder", since=start + timedelta(minutes=30))
    assert [task for task, _ in recorder.get()] == later
    assert recorder.get() == []


def test_from_an_event_on_all_later_ones_come_again() -> None:
    recorder = Recorder()
    ids = _enqueue(4)
    recorder.get()
    tasks_core.replay_events("recorder", after=recorder.events[1].id)
    assert [task for task, _ in recorder.get()] == ids[2:]


def test_what_it_has_not_had_yet_comes_even_if_it_is_older() -> None:
    recorder = Recorder()
    unread = _enqueue(2)
    tasks_core.replay_events("recorder", since=clock.now() + timedelta(hours=1))
    assert [task for task, _ in recorder.get()] == unread


def test_who_was_writing_when_the_replay_began_is_not_forgotten() -> None:
    recorder = Recorder()
    with OpenTransaction() as slow:
        late = slow.do(_enqueue)
        ready = _enqueue(2)
        recorder.get()
        tasks_core.replay_events("recorder", after=recorder.events[0].id)
        assert [task for task, _ in recorder.get()] == ready[1:]
        slow.commit()
    assert [task for task, _ in recorder.get()] == late


def test_a_parked_subscriber_is_active_again() -> None:
    recorder = Recorder(max_failures=1)
    recorder.fails_with = RuntimeError("broken")
    ids = _enqueue()
    recorder.get()
    recorder.fails_with = None
    tasks_core.replay_events("recorder", after=0)
    assert [task for task, _ in recorder.get()] == ids


def test_bad_requests_say_what_would_be_right() -> None:
    Recorder()
    with pytest.raises(
        SubscriptionNotFound, match=r"no subscriber is called 'recoder'.*: recorder"
    ):
        tasks_core.replay_events("recoder", after=0)
    with pytest.raises(InvalidOption, match="either since or after"):
        tasks_core.replay_events("recorder")
    with pytest.raises(InvalidOption, match="either since or after"):
        tasks_core.replay_events("recorder", after=0, since=clock.now())
    with pytest.raises(InvalidOption, match=r"since \(.*\) has no time zone"):
        tasks_core.replay_events("recorder", since=datetime(2026, 1, 1))  # noqa: DTZ001
    with pytest.raises(InvalidOption, match="after must be the id of an event, or 0"):
        tasks_core.replay_events("recorder", after=-1)
