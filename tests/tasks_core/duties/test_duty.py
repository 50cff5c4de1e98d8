"""Beat's duties: they go on whatever happens, and stop when asked."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from django.db import OperationalError
from kombu.exceptions import OperationalError as BrokerError
from pytest_django import Settings
from redis.client import PubSub

from scheduler_project.embedded.ports import free_port
from tasks_core.broker.nudge import Listener, nudge
from tasks_core.broker.publish import BrokerUnavailable
from tasks_core.broker.redis_client import key
from tasks_core.duties import duty
from tasks_core.duties.duty import Duty
from tests.support.waiting import wait_until


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duty, "FIRST_PAUSE", 0.01)
    monkeypatch.setattr(duty, "LONGEST_PAUSE", 0.02)


@pytest.fixture
def started() -> Iterator[list[Duty]]:
    duties: list[Duty] = []
    yield duties
    for one in duties:
        one.stop()
        one.join(10)
        assert not one.is_alive()


@pytest.mark.parametrize(
    "error",
    [
        OperationalError("database"),
        BrokerUnavailable("broker"),
        BrokerError("broker"),
        redis.ConnectionError("redis"),
        OSError("network"),
        ValueError("a bug"),
        SystemExit("the exit of a receiver"),
    ],
    ids=lambda e: type(e).__module__,
)
def test_duty_goes_on_after_any_error(started: list[Duty], error: BaseException) -> None:
    calls: list[int] = []

    def work() -> float:
        calls.append(1)
        if len(calls) < 4:
            raise error
        return 0.001

    started.append(Duty("test", work))
    started[0].start()

    wait_until(lambda: len(calls) > 6)


def test_duty_waits_as_long_as_its_work_says(started: list[Duty]) -> None:
    waited: list[float] = []
    done = threading.Event()

    def wait(seconds: float) -> None:
        waited.append(seconds)
        done.wait(10)

    started.append(Duty("test", lambda: 7.5, wait=wait))
    started[0].start()
    wait_until(lambda: waited)
    started[0].stop()
    done.set()
    started[0].join(10)

    assert waited == [7.5]


def test_stop_ends_a_long_pause(started: list[Duty]) -> None:
    started.append(Duty("test", lambda: 3_600.0))
    started[0].start()
    started[0].stop()
    started[0].join(10)

    assert not started[0].is_alive()


def test_duty_can_be_renewed_after_its_thread_has_ended(started: list[Duty]) -> None:
    calls: list[int] = []

    def work() -> float:
        calls.append(1)
        return 60.0

    first = Duty("test", work)
    first.start()
    wait_until(lambda: len(calls) == 1)
    first.stop()
    first.join(10)
    started.append(first.renewed())
    started[0].start()

    wait_until(lambda: len(calls) == 2)


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks_core.broker.nudge._paused_until", {})


@pytest.mark.usefixtures("no_pause")
def test_nobody_is_nudged_for_a_while_after_nobody_listened(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks_core.broker.nudge.NOBODY_LISTENS_SECONDS", 60.0)
    nudge()  # nobody listens
    ear = broker.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    ear.subscribe(key("nudge"))
    ear.get_message(timeout=5)

    nudge()

    broker.publish(key("nudge"), "the end")
    assert [message["data"] for message in _messages(ear)] == [b"the end"]
    ear.close()


def _messages(ear: PubSub) -> Iterator[dict[str, Any]]:
    """Give what it hears, up to the end."""
    while True:
        message = ear.get_message(timeout=5)
        yield message
        if message["data"] == b"the end":
            return


@pytest.mark.usefixtures("no_pause")
def test_listener_hears_a_nudge_at_once(broker: "redis.Redis") -> None:
    listener = Listener()
    listener.wait(0.01)
    ended = threading.Event()

    def listen() -> None:
        listener.wait(30)
        ended.set()

    threading.Thread(target=listen, daemon=True).start()
    assert not ended.wait(0.05)
    nudge()

    assert ended.wait(10)


@pytest.mark.usefixtures("no_pause")
def test_nudge_between_two_waits_is_not_missed(broker: "redis.Redis") -> None:
    listener = Listener()
    listener.wait(0.01)

    nudge()

    ended = threading.Thread(target=listener.wait, args=(30,), daemon=True)
    ended.start()
    ended.join(10)
    assert not ended.is_alive()


def test_listener_says_when_redis_is_out_of_reach_and_tries_again(
    settings: Settings, broker: "redis.Redis"
) -> None:
    real = settings.REDIS_URL
    listener = Listener()
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    with pytest.raises(redis.RedisError):
        listener.wait(0.01)

    settings.REDIS_URL = real
    listener.wait(0.01)
    nudge()
    listener.wait(10)


def test_installation_without_redis_only_waits(settings: Settings) -> None:
    settings.REDIS_URL = None

    nudge()
    Listener().wait(0.01)
