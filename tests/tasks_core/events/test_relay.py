"""Hints go out when there is something to get, once, and are sent again when they are lost."""

from datetime import timedelta

import pytest
import redis
from django.db import connection

import tasks_core
from tasks_core import clock
from tasks_core.broker.publish import BrokerUnavailable
from tasks_core.database import row_backoff
from tasks_core.duties.event_followers import Following
from tasks_core.events.relay import Relay
from tasks_core.models import MetricTotal
from tasks_core.worker.celery_tasks import _deliver_events
from tests.support import messages
from tests.support.life import PLAIN, plain_type
from tests.support.refusing import refusing
from tests.tasks_core.events.open_transaction import OpenTransaction
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("transactional_db")

LANE = "default.normal"


def _enqueue() -> None:
    plain_type()
    tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=1))


def test_a_hint_names_the_subscriber_and_nothing_else(broker: "redis.Redis") -> None:
    recorder, relay = Recorder(), Relay()
    assert relay.relay() == 0
    _enqueue()
    assert relay.relay() == 1
    [hint] = messages.waiting(broker, LANE)
    assert hint.task_type == "tasks_core.deliver_events"
    assert list(map(str, hint.ids)) == ["recorder"]
    recorder.get()
    assert relay.relay() == 0


def test_it_goes_out_once_and_again_when_nobody_has_followed(broker: "redis.Redis") -> None:
    Recorder()
    relay = Relay()
    _enqueue()
    assert [relay.relay(), relay.relay()] == [1, 0]
    with clock.frozen(clock.now() + timedelta(seconds=11)):
        assert relay.relay() == 1
    assert len(messages.waiting(broker, LANE)) == 2


def test_who_has_come_is_told_of_what_is_newer() -> None:
    recorder, relay = Recorder(), Relay()
    for _ in range(2):
        _enqueue()
        assert relay.relay() == 1
        assert len(recorder.get()) == 1


def test_the_end_of_a_long_transaction_is_noticed() -> None:
    recorder, relay = Recorder(), Relay()
    with OpenTransaction() as slow:
        slow.do(_enqueue)
        _enqueue()
        recorder.get()
        slow.commit()
    assert relay.relay() == 1
    assert len(recorder.get()) == 1
    assert relay.relay() == 0


def test_a_full_lane_gets_no_more_hints(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_core.events.relay.ENOUGH_MESSAGES", 2)
    for number in range(5):
        Recorder(f"recorder-{number}")
    _enqueue()
    Relay().relay()
    Relay().relay()
    assert len(messages.waiting(broker, LANE)) == 5


def test_paused_subscribers_get_no_hints() -> None:
    Recorder()
    tasks_core.pause_subscription("recorder")
    _enqueue()
    assert Relay().relay() == 0


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_it_says_so_and_sends_them_later() -> None:
    Recorder()
    _enqueue()
    with pytest.raises(BrokerUnavailable):
        Relay().relay()


def test_the_celery_task_calls_the_subscribers_it_is_given() -> None:
    recorder = Recorder()
    _enqueue()

    class Request:
        hostname = "worker@test"

    class Called:
        request = Request()

    assert _deliver_events(Called(), ["recorder", "unknown"]) == 1
    assert len(recorder.events) == 1


def test_events_that_cannot_be_counted_keep_no_subscriber_from_its_own(
    broker: "redis.Redis",
) -> None:
    recorder = Recorder()
    following = Following()
    following.look()
    _enqueue()

    with refusing("tasks_core_metricrollup", "true", when="INSERT"):
        assert not following.follow(following.look())

    assert len(messages.waiting(broker, LANE)) == 1
    assert recorder.get()
    assert not MetricTotal.objects.exists()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_core_eventsubscription SET lease_until = NULL")
    for one in row_backoff.all_of_this_process():
        one.forget()
    following.follow(following.look())
    assert MetricTotal.objects.exists()
