"""Nothing of the platform's own waits for ever on a connection that a proxy has left half open."""

import itertools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import connection, connections

import tasks_core
from tasks_core import Fixed, TaskContext, clock, database
from tasks_core.database import answer_limit
from tasks_core.database.answer_limit import answers_within
from tasks_core.duties.duty import Duty
from tasks_core.events import subscription
from tasks_core.models import EventSubscription
from tasks_core.signals import PlatformSignal
from tasks_core.worker import event_delivery
from tasks_core.worker import process as worker_process
from tasks_core.worker.claim import claim_patiently
from tasks_core.worker.event_delivery import deliver
from tasks_core.worker.executor import execute
from tasks_core.worker.inflight import InFlight
from tests.support.forwarder import Forwarder, forwarding
from tests.support.life import plain_type, queue
from tests.support.overdue import ending_overdue
from tests.support.waiting import wait_until
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture
def way(monkeypatch: pytest.MonkeyPatch) -> Iterator[Forwarder]:
    """Let new connections go by way of a forwarder, and somebody look often whether an answer is late."""
    monkeypatch.setattr(answer_limit, "ANSWER_SECONDS", 0.5)
    known = connections.settings["default"]
    before = {name: known[name] for name in ("HOST", "PORT")}
    connection.close()
    with forwarding(known["HOST"], int(known["PORT"])) as forwarder, ending_overdue():
        known.update(HOST="127.0.0.1", PORT=forwarder.port)
        yield forwarder
        worker_process.drain()
        connection.close()
        known.update(before)


@contextmanager
def _half_open(way: Forwarder) -> Iterator[None]:
    """Swallow what is sent in the block; whoever has sent something then gets no answer ever."""
    way.swallows.set()
    try:
        yield
    finally:
        way.swallows.clear()


def _is_waiting(name: str) -> Callable[[], bool]:
    def look() -> bool:
        threads = {one.ident: one.name for one in threading.enumerate()}
        return any(threads.get(thread) == name for thread in answer_limit._waiting())

    return look


def test_duty_goes_on(way: Forwarder) -> None:
    rounds = itertools.count()
    done = []

    def work() -> float:
        database.fetch("SELECT 1", {})
        done.append(next(rounds))
        return 0.01

    duty = Duty("brief", work, is_brief=True)
    duty.start()
    try:
        wait_until(lambda: done, what="it works")
        with _half_open(way):
            wait_until(_is_waiting("duty-brief"), what="it waits")
            before = len(done)
            threading.Event().wait(0.2)
        wait_until(lambda: len(done) > before + 1, what="it works again")
    finally:
        duty.stop()
        duty.join(5)


def test_keeper_renews_its_leases(way: Forwarder) -> None:
    let_go, began = threading.Event(), threading.Event()

    @tasks_core.task_type("long")
    def long(payload: dict[str, int]) -> None:
        began.set()
        let_go.wait(30)

    [task_id] = tasks_core.enqueue_many("long", [{}])
    queue()
    process = worker_process.current()

    def run() -> None:
        execute("long", [task_id], worker="w")
        connections.close_all()

    handler = threading.Thread(target=run, name="handler")
    handler.start()
    try:
        assert began.wait(10)
        [entry] = process.inflight.all()
        _wait_for_renewal(entry)
        with _half_open(way):
            wait_until(_is_waiting("tasks-keeper"), what="the keeper waits")
        _wait_for_renewal(entry)
    finally:
        let_go.set()
        handler.join(20)


def _wait_for_renewal(entry: InFlight) -> None:
    entry.lease_until = clock.now() + timedelta(seconds=1)
    wait_until(
        lambda: entry.lease_until > clock.now() + timedelta(seconds=10), what="the lease is renewed"
    )


def test_claim_is_made_on_another_connection(way: Forwarder) -> None:
    @tasks_core.task_type("work")
    def work(payload: dict[str, int]) -> None:
        """Do nothing."""

    ids = tasks_core.enqueue_many("work", [{}, {}])
    queue()
    with _lost_moment(way):
        tasks, _ = claim_patiently(ids, task_type="work", worker="w", company=0, tried_at=[])
    assert {task.id for task in tasks} == set(ids)


@contextmanager
def _lost_moment(way: Forwarder) -> Iterator[None]:
    """Lose what this thread asks for next."""
    waits = _is_waiting(threading.current_thread().name)

    def lose_a_moment() -> None:
        wait_until(waits, what="it waits")
        way.swallows.clear()

    way.swallows.set()
    aside = threading.Thread(target=lose_a_moment)
    aside.start()
    try:
        yield
    finally:
        way.swallows.clear()
        aside.join()


@pytest.mark.parametrize("statement", range(4))
def test_delivery_of_events_goes_on(
    way: Forwarder, monkeypatch: pytest.MonkeyPatch, statement: int
) -> None:
    monkeypatch.setattr(subscription, "_subscriptions", {})
    monkeypatch.setattr(event_delivery, "LONG_ANSWER_SECONDS", 0.5)
    plain_type()
    recorder = Recorder("orders")
    tasks_core.enqueue("plain", {})
    asked = itertools.count()

    def lose(run: Callable[..., object], *args: object) -> object:
        if next(asked) != statement:
            return run(*args)
        with _lost_moment(way):
            return run(*args)

    with connection.execute_wrapper(lose):
        deliver("orders", holder="test")
    assert next(asked) > statement
    EventSubscription.objects.update(lease_until=None, retry_at=None)
    deliver("orders", holder="test")

    assert len(recorder.events) >= 1
    assert recorder.row.delivered == 1


def test_subscribers_may_wait_as_long_as_they_want(
    way: Forwarder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "_subscriptions", {})
    plain_type()
    recorder = Recorder("orders")
    recorder.does = lambda: database.fetch("SELECT pg_sleep(1.5)", {})
    tasks_core.enqueue("plain", {})

    deliver("orders", holder="test")

    assert (recorder.row.delivered, recorder.row.failures) == (1, 0)


def test_progress_and_checkpoints_are_made_on_another_connection(way: Forwarder) -> None:
    @tasks_core.task_type("work", retry=Fixed(max_attempts=1))
    def work(payload: dict[str, int], context: TaskContext) -> None:
        with _lost_moment(way):
            context.progress(1, 1)
        with _lost_moment(way):
            context.checkpoint(7)

    task = tasks_core.enqueue("work", {})
    execute("work", queue(), worker="w")

    task.refresh_from_db()
    assert (task.state, task.checkpoint) == ("SUCCEEDED", 7)
    assert task.progress == {"done": 1, "total": 1, "note": ""}


def test_many_answers_may_take_long_together(way: Forwarder) -> None:
    with answers_within():
        for _ in range(15):
            database.fetch("SELECT pg_sleep(0.1)", {})


def test_handler_may_wait_as_long_as_it_wants(way: Forwarder) -> None:
    database.fetch("SELECT pg_sleep(1.5)", {})


def test_receivers_may_take_longer(way: Forwarder) -> None:
    signal = PlatformSignal()

    def receive(**_: object) -> None:
        database.fetch("SELECT pg_sleep(1.5)", {})

    signal.connect(receive)
    with answers_within():
        signal.send(sender=None)
