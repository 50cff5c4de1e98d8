"""Fixtures: a database in which commits are real, a registry to add to, a broker to break."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
import redis
from celery import current_app
from django.db import connection
from kombu import pools
from pytest_django import Settings

from scheduler_project.embedded.ports import free_port
from tasks_core import registry
from tasks_core.broker import nudge
from tasks_core.broker.nudge import About
from tasks_core.broker.redis_client import key
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful
from tasks_core.worker import process

Receive = Callable[[list[UnsuccessfulTask]], object]


@pytest.fixture(autouse=True)
def own_task_types(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the task types that a test registers."""
    monkeypatch.setattr(registry, "_types", dict(registry.task_types()))


@pytest.fixture
def transactional_db(transactional_db: None, broker: "redis.Redis") -> Iterator[None]:
    """Let tests commit, with empty queues, and end their work before the tables are emptied."""
    yield
    process.drain()
    process.resume()


@pytest.fixture
def heard(broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], int]]:
    """Return a function that counts the nudges of dispatchers since it was last called."""
    monkeypatch.setattr(nudge, "_paused_until", {})  # nobody had listened before
    with _ear(broker, About.TASKS) as count:
        yield count


@pytest.fixture
def heard_of_schedules(
    broker: "redis.Redis", monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], int]]:
    """Return a function that counts the nudges about schedules since it was last called."""
    monkeypatch.setattr(nudge, "_paused_until", {})
    with _ear(broker, About.SCHEDULES) as count:
        yield count


@contextmanager
def _ear(broker: "redis.Redis", about: About) -> Iterator[Callable[[], int]]:
    ear = broker.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
    ear.subscribe(key(about))
    ear.get_message(timeout=5)

    def count() -> int:
        broker.publish(key(about), "the end")  # what comes before it has arrived
        messages = iter(lambda: ear.get_message(timeout=5)["data"], b"the end")
        return len(list(messages))

    yield count
    ear.close()


@pytest.fixture
def no_broker(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let broker and wake-up calls point to a port where nobody listens."""
    monkeypatch.setattr(nudge, "_paused_until", {})
    settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    yield from with_broker(settings, settings.REDIS_URL)


@pytest.fixture
def broker_that_only_counts(broker: "redis.Redis", settings: Settings) -> Iterator[None]:
    """Let the broker tell how much waits, but take no more."""
    user, password = "counter", "counts"
    commands = ["+llen", "+ping", "+hello", "+auth", "+select", "+client", "+info"]
    broker.acl_setuser(
        user, enabled=True, passwords=[f"+{password}"], keys=["*"], commands=commands
    )
    address = urlsplit(settings.CELERY_BROKER_URL)
    host = address.netloc.rpartition("@")[2]
    url = address._replace(netloc=f"{user}:{password}@{host}").geturl()
    yield from with_broker(settings, url)
    broker.acl_deluser(user)


def with_broker(settings: Settings, url: str) -> Iterator[None]:
    """Let the broker be at ``url`` until the next step."""
    settings.CELERY_BROKER_URL = url
    _forget_connections()
    assert current_app.conf.broker_url == url
    yield
    _forget_connections()


def _forget_connections() -> None:
    current_app._pool = None
    current_app.amqp._producer_pool = None
    pools.reset()  # type: ignore[no-untyped-call] # kombu has no types


@pytest.fixture
def fresh_session(transactional_db: None) -> Iterator[None]:
    """Begin with a new session of the database, whose use is followed."""
    process.current()
    connection.close()
    yield
    connection.close()


@pytest.fixture
def received() -> Iterator[Callable[[Receive], None]]:
    """Return a function that connects a receiver of ``tasks_unsuccessful``."""
    connected = []

    def connect(receive: Receive) -> None:
        def receiver(tasks: list[UnsuccessfulTask], **_: object) -> None:
            receive(tasks)

        connected.append(receiver)
        tasks_unsuccessful.connect(receiver)

    yield connect
    for receiver in connected:
        tasks_unsuccessful.disconnect(receiver)
