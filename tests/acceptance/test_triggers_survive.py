"""Cron triggers with real processes: workers killed and stopped, a slow webhook beside quick ones."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import redis
from pytest_django import Settings

from notifications import triggers
from notifications.models import TriggerEvent
from tasks_core import clock
from tests.acceptance.processes import Processes, kill_tree, stop
from tests.support.receiver import Received, Receiver, Reply, running_receiver
from tests.support.waiting import wait_until

pytestmark = pytest.mark.acceptance

ALLOWED = {
    "BELLRINGER_OUTGOING_HTTPS_ONLY": "false",
    "BELLRINGER_OUTGOING_ALLOWED_NETWORKS": "127.0.0.0/8",
}


@pytest.fixture
def loopback_processes(
    process_environment: dict[str, str],
    broker: "redis.Redis",
    tmp_path: Path,
    settings: Settings,
) -> Iterator[Processes]:
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "OUTGOING_HTTPS_ONLY": False,
        "OUTGOING_ALLOWED_NETWORKS": ["127.0.0.0/8"],
    }
    running = Processes({**process_environment, **ALLOWED}, tmp_path)
    yield running
    running.end_all()


def every_second(name: str, url: str) -> None:
    triggers.create_cron_trigger(
        name, webhook=url, schedule="* * * * * *", retry_conf={"num_retries": 3}
    )


@pytest.mark.timeout(240)
@pytest.mark.guarantee(n=1)
def test_every_tick_is_delivered_though_workers_are_killed_and_stopped(
    loopback_processes: Processes,
) -> None:
    with running_receiver() as receiver:
        loopback_processes.start_beat()
        every_second("steady", receiver.url)
        began = clock.now()
        for number, end in enumerate((kill_tree, stop, kill_tree)):
            worker = loopback_processes.start_worker(f"worker-{number}", concurrency=1)
            hanging = hang_one(receiver)
            end(worker)
            worker.wait(60)
            if end is stop:
                unlocked = TriggerEvent.objects.get(event_id=hanging.event_id)
                assert (unlocked.status, unlocked.tries) == ("scheduled", 0)
            hanging.release.set()
        loopback_processes.start_worker("last")
        ended = clock.now() - timedelta(seconds=2)
        wait_until(lambda: all_delivered(began, ended), seconds=90)

    due = TriggerEvent.objects.filter(scheduled_time__gt=began, scheduled_time__lte=ended)
    assert {str(key) for key in due.values_list("event_id", flat=True)} <= set(ids(receiver))


@dataclass(frozen=True)
class Hanging:
    """A call that gets no answer until ``release`` is set."""

    event_id: str
    release: threading.Event


def hang_one(receiver: Receiver) -> Hanging:
    """Let the next call but a few hang, and wait until it has come."""
    seen = len(receiver.received)
    wait_until(lambda: len(receiver.received) > seen + 5, seconds=60)
    reply = Reply(hold=(release := threading.Event()))
    receiver.plan(reply)
    # By its reply: under load several calls arrive together, and the last to come need not be it.
    hanging = wait_until(lambda: receiver.request_for(reply), seconds=60)
    return Hanging(event_id(hanging), release)


def ids(receiver: Receiver) -> list[str]:
    return [event_id(seen) for seen in list(receiver.received)]


def event_id(received: Received) -> str:
    return str(json.loads(received.body)["id"])


def all_delivered(began: datetime, until: datetime) -> bool:
    events = TriggerEvent.objects.filter(scheduled_time__gt=began, scheduled_time__lte=until)
    wanted = int((until - began).total_seconds()) - 1
    delivered = events.filter(status="delivered").count()
    return delivered >= wanted and delivered == events.count()


@pytest.mark.timeout(120)
@pytest.mark.guarantee(n=10)
def test_a_slow_webhook_delays_no_other(loopback_processes: Processes) -> None:
    release = threading.Event()
    with running_receiver() as slow, running_receiver() as quick:
        slow.replies.extend([Reply(hold=release)] * 100)
        loopback_processes.start_beat()
        loopback_processes.start_worker(concurrency=1)
        every_second("slow", slow.url)
        every_second("quick", quick.url)
        wait_until(lambda: len(slow.received) >= 15 and len(quick.received) >= 15, seconds=60)
        release.set()
    ended = TriggerEvent.objects.filter(trigger__name="quick", status="delivered")
    lateness = sorted(
        (event.finished_at - event.scheduled_time).total_seconds()
        for event in ended
        if event.finished_at is not None
    )
    assert lateness[-1] < 1.5
    assert lateness[len(lateness) // 2] < 0.5
