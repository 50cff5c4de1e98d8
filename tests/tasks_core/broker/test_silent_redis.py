"""A Redis that accepts and does not answer costs callers one short wait, and nothing in a transaction."""

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.db import connection, transaction
from django.test import Client
from pytest_django import Settings

import tasks_core
from notifications.api import notify, publish_template
from scheduler_project.embedded.processes import processes_in
from scheduler_project.embedded.valkey import NAMES, Valkey
from tasks_core.broker import caller_redis, nudge
from tasks_core.client import publish_on_commit
from tasks_core.engine.states import State
from tests.support.forwarder import Forwarder, forwarding
from tests.support.life import plain_type, state_of
from tests.support.swallower import Swallower, swallowing
from tests.support.waiting import wait_until
from tests.tasks_core.conftest import with_broker

pytestmark = pytest.mark.usefixtures("transactional_db")

BUDGET = caller_redis.SECONDS
SHORT = 1.5
"""Well above the budget of 0.3 s, well below any other time-out."""


@pytest.fixture(autouse=True)
def open_way(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    settings.BELLRINGER = {**settings.BELLRINGER, "PUBLISH_ON_COMMIT": True}
    monkeypatch.setattr(publish_on_commit, "QUIET_SECONDS", 0.0)
    monkeypatch.setattr(publish_on_commit, "_last_enqueued", {})
    monkeypatch.setattr(publish_on_commit, "_seen_idle", {})
    monkeypatch.setattr(publish_on_commit, "_seen_busy", {})
    monkeypatch.setattr(publish_on_commit, "_closed_until", 0.0)
    monkeypatch.setattr(nudge, "_paused_until", {})
    monkeypatch.setattr(caller_redis, "SECONDS", BUDGET)
    began = time.monotonic()
    monkeypatch.setattr(caller_redis, "_elapsed", lambda: began)  # no pause is over by itself
    plain_type()
    yield
    caller_redis._at.cache_clear()


@pytest.fixture
def silent(settings: Settings) -> Iterator[Swallower]:
    """Let broker and wake-up calls point to a server that swallows."""
    with swallowing() as swallower:
        settings.REDIS_URL = f"redis://127.0.0.1:{swallower.port}/0"
        for _ in with_broker(settings, settings.REDIS_URL):
            yield swallower


@pytest.fixture
def forwarded(settings: Settings) -> Iterator[Forwarder]:
    """Let broker and wake-up calls go a way that can be cut off."""
    url = settings.CELERY_BROKER_URL
    before, _, host = url.rpartition("@") if "@" in url else url.partition("://")
    address, _, database = host.partition("/")
    name, _, port = address.partition(":")
    with forwarding(name, int(port)) as forwarder:
        joint = "@" if "@" in url else "://"
        settings.REDIS_URL = f"{before}{joint}127.0.0.1:{forwarder.port}/{database}"
        for _ in with_broker(settings, settings.REDIS_URL):
            yield forwarder


def _seconds(act: Callable[[], object]) -> float:
    began = time.monotonic()
    act()
    return time.monotonic() - began


def _contacts(silent: Swallower) -> int:
    """Return how often it was asked until it was given up."""
    wait_until(lambda: silent.contacts and silent.is_alone)
    return silent.contacts


def test_transaction_never_waits_for_redis(silent: Swallower) -> None:
    with transaction.atomic():
        tasks_core.enqueue("plain", {})
        tasks_core.enqueue("plain", {}, queue_name="other")
        assert silent.contacts == 0
        transaction.set_rollback(True)


def test_caller_waits_once_and_shortly(silent: Swallower) -> None:
    assert _seconds(lambda: tasks_core.enqueue("plain", {})) < SHORT
    before = _contacts(silent)
    tasks = [tasks_core.enqueue("plain", {}, queue_name=f"q{n}") for n in range(20)]
    tasks_core.enqueue_many("plain", [{}] * 3)
    tasks_core.run_now(tasks_core.schedule_delayed("plain", {}, delay=60).pk)

    assert silent.contacts == before
    assert {state_of(task.pk) for task in tasks} == {State.SCHEDULED}


def test_task_of_the_caller_that_waited_is_left_to_the_dispatcher(silent: Swallower) -> None:
    task = tasks_core.enqueue("plain", {})

    assert state_of(task.pk) is State.SCHEDULED


def test_threads_share_what_the_first_has_learnt(silent: Swallower) -> None:
    tasks_core.enqueue("plain", {})
    before = _contacts(silent)

    def enqueue() -> None:
        tasks_core.enqueue("plain", {})
        connection.close()

    threads = [threading.Thread(target=enqueue) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert silent.contacts == before


def test_server_that_falls_silent_is_used_again_once_it_answers(
    forwarded: Forwarder, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert state_of(tasks_core.enqueue("plain", {}).pk) is State.QUEUED
    forwarded.swallows.set()
    assert _seconds(lambda: tasks_core.enqueue("plain", {}, queue_name="a")) < SHORT
    assert state_of(tasks_core.enqueue("plain", {}, queue_name="b").pk) is State.SCHEDULED
    forwarded.swallows.clear()
    monkeypatch.setattr(caller_redis, "_elapsed", lambda: time.monotonic() + 60)

    assert state_of(tasks_core.enqueue("plain", {}, queue_name="c").pk) is State.QUEUED
    assert state_of(tasks_core.enqueue("plain", {}, queue_name="d").pk) is State.QUEUED


def test_frozen_server_costs_one_short_wait(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Valkey(tmp_path)
    settings.REDIS_URL = server.start()
    try:
        for _ in with_broker(settings, settings.REDIS_URL):
            assert state_of(tasks_core.enqueue("plain", {}).pk) is State.QUEUED
            (process,) = processes_in(tmp_path, NAMES)
            process.suspend()
            try:
                waited = [
                    _seconds(lambda: tasks_core.enqueue("plain", {}, queue_name="other"))
                    for _ in range(20)
                ]
            finally:
                process.resume()
            assert sum(waited) < 5 * SHORT
            monkeypatch.setattr(caller_redis, "_elapsed", lambda: time.monotonic() + 60)
            assert state_of(tasks_core.enqueue("plain", {}, queue_name="c").pk) is State.QUEUED
    finally:
        server.stop()


def test_one_thread_at_a_time_looks_whether_it_answers(
    silent: Swallower, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks_core.enqueue("plain", {})
    now = time.monotonic() + 60
    monkeypatch.setattr(caller_redis, "_elapsed", lambda: now)
    redis = caller_redis.broker_redis()
    assert redis is not None
    asked: list[str] = []

    def look() -> None:
        with pytest.raises(caller_redis.RedisSilent):
            redis.ask(question)

    def question(client: object) -> None:
        asked.append("probe")
        if len(asked) == 1:
            look()  # another one comes while the first still waits
        raise TimeoutError

    look()

    assert asked == ["probe"]


def test_pauses_grow_up_to_half_a_minute(
    silent: Swallower, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(caller_redis, "_elapsed", lambda: now)
    redis = caller_redis.broker_redis()
    assert redis is not None

    def fail(client: object) -> None:
        raise TimeoutError

    pauses = []
    for _ in range(7):
        with pytest.raises(caller_redis.RedisSilent):
            redis.ask(fail)
        before = now
        while not redis.may_answer:
            now += 1.0
        pauses.append(now - before)

    assert pauses == [1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0]


def test_notification_waits_no_longer_than_a_task(silent: Swallower) -> None:
    publish_template("hello", subject="Hello", text="Hello")
    with transaction.atomic():
        notify("hello", to="ada@example.com")
        assert silent.contacts == 0

    before = _contacts(silent)
    for n in range(5):
        notify("hello", to=f"ada-{n}@example.com")
    assert silent.contacts == before


def test_first_page_of_the_admin_does_not_wait(silent: Swallower, admin_client: Client) -> None:
    tasks_core.enqueue("plain", {})
    before = _contacts(silent)

    assert admin_client.get("/admin/").status_code == 200
    assert silent.contacts == before
