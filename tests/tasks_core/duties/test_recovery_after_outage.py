"""Who was cut off from the database, all at once, is not taken for dead when it comes back."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from django.db import Error, connection, connections
from pytest_django import Settings

import tasks_core
from tasks_core import Fixed, clock
from tasks_core.database import server_clock
from tasks_core.duties import beat_duties, contact
from tasks_core.duties.contact import Contact
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.worker import process
from tasks_core.worker.executor import execute
from tests.support.life import plain_type, queue, queued, running, state_of
from tests.support.threads import in_own_connection
from tests.support.waiting import wait_until
from tests.tasks_core.database.test_outage import Outage

pytestmark = pytest.mark.usefixtures("transactional_db")

LEASE = 3.0


@pytest.fixture(autouse=True)
def short_lease(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LEASE_SECONDS": LEASE}


@pytest.fixture
def outage() -> Iterator[Outage]:
    outage = Outage()
    yield outage
    outage.close()
    connection.close()


def recovers(work: Callable[[], float]) -> bool:
    """Make one round of recovery; tell whether it could."""
    try:
        work()
    except Error:
        connections.close_all()
        return False
    return True


@contextmanager
def long_task() -> Iterator[int]:
    """Run a task that has one attempt, and let its handler return at the end."""
    begun, goes_on = threading.Event(), threading.Event()

    @tasks_core.task_type("charge", retry=Fixed(max_attempts=1))
    def charge(payload: dict[str, object]) -> None:
        begun.set()
        assert goes_on.wait(60)

    task_id = tasks_core.enqueue("charge", {}).pk
    ids = [one for one in queue() if one == task_id]
    worker = threading.Thread(
        target=in_own_connection, args=[lambda: execute("charge", ids, worker="w1")]
    )
    worker.start()
    assert begun.wait(20)
    yield task_id
    goes_on.set()
    worker.join(20)
    process.current().outcomes.flush()


def test_a_living_task_outlives_an_outage_that_is_longer_than_its_lease(outage: Outage) -> None:
    plain_type(retry=Fixed(max_attempts=5))
    work = beat_duties._recovering()
    began = clock.steady()
    wait_until(lambda: recovers(work) and clock.steady() - began > LEASE + 0.5)
    with long_task() as alive:
        neighbour = running().id  # whose worker died
        outage.begin()
        wait_until(lambda: not recovers(work))
        went = clock.steady()
        with process.current().keeper.resting():  # beat is the first to see the database again
            wait_until(lambda: not recovers(work) and clock.steady() - went > LEASE + 0.5)
            outage.end()
            wait_until(lambda: recovers(work))
            assert state_of(alive) is State.RUNNING
            task = Task.objects.get(pk=alive)
            assert task.lease_until is not None
            assert task.lease_until < clock.now()
        back = clock.steady()
        wait_until(lambda: recovers(work) and state_of(neighbour) is not State.RUNNING, seconds=60)
        assert clock.steady() - back >= LEASE - 1.0
        assert state_of(alive) is State.RUNNING
    wait_until(lambda: state_of(alive) is State.SUCCEEDED)


def test_a_lost_task_is_recovered_one_lease_after_beat_has_begun() -> None:
    plain_type(retry=Fixed(max_attempts=5))
    task_id = running().id
    Task.objects.filter(pk=task_id).update(lease_until=clock.now())
    work = beat_duties._recovering()
    began = clock.steady()
    work()
    assert state_of(task_id) is State.RUNNING
    wait_until(lambda: recovers(work) and state_of(task_id) is not State.RUNNING)
    assert LEASE <= clock.steady() - began < LEASE + 10


def test_contact_is_lost_by_a_gap_an_error_and_a_database_that_takes_nothing() -> None:
    contact = Contact()
    contact.ask(longest_gap=10)
    assert contact.ask(longest_gap=10) > 0
    assert contact.ask(longest_gap=-1) == 0
    assert contact.ask(longest_gap=10) > 0
    contact.lose()
    assert contact.ask(longest_gap=10) == 0
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_read_only = on")
        assert contact.ask(longest_gap=10) == 0
        cursor.execute("RESET default_transaction_read_only")
    assert contact.ask(longest_gap=10) == 0


def test_attempts_are_recovered_while_the_broker_is_away(no_broker: None) -> None:
    plain_type(retry=Fixed(max_attempts=5))
    task_id = running().id
    Task.objects.filter(pk=task_id).update(lease_until=clock.now())
    queued()  # whose message would be asked for
    work = beat_duties._recovering()
    wait_until(lambda: recovers(work) and state_of(task_id) is not State.RUNNING)


@pytest.fixture
def step(monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Return a function that sets the clock of the database forward or back."""
    monkeypatch.setattr(clock, "_ahead", clock._ahead)
    monkeypatch.setattr(server_clock, "_last", None)

    def step(interval: str) -> None:
        question = server_clock._ASK.replace("()", f"() + interval '{interval}'")
        monkeypatch.setattr(server_clock, "_ASK", question)
        server_clock._last = None
        server_clock.follow()

    return step


def test_a_living_task_outlives_a_step_of_the_databases_clock(step: Callable[[str], None]) -> None:
    plain_type(retry=Fixed(max_attempts=5))
    work = beat_duties._recovering()
    began = clock.steady()
    wait_until(lambda: recovers(work) and clock.steady() - began > LEASE + 0.5)
    with long_task() as alive:
        neighbour = running().id
        with process.current().keeper.resting():  # beat is the first to see what time it is
            step("1 hour")
            assert recovers(work)
            assert state_of(alive) is State.RUNNING
        wait_until(lambda: recovers(work) and state_of(neighbour) is not State.RUNNING)
        assert state_of(alive) is State.RUNNING
    wait_until(lambda: state_of(alive) is State.SUCCEEDED)


def test_a_task_does_not_keep_a_lease_from_before_the_clock_was_set_back(
    step: Callable[[str], None],
) -> None:
    """If its process died, nobody would know for an hour."""
    with long_task() as alive:
        step("-1 hour")
        latest = clock.now() + timedelta(minutes=1)
        wait_until(lambda: Task.objects.filter(pk=alive, lease_until__lt=latest).exists())


def test_a_server_whose_clock_was_set_back_has_been_up_for_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    state = contact.STATE.replace("start_time()", "start_time() - interval '1 day'")
    monkeypatch.setattr(contact, "STATE", state)
    known = Contact()
    known.ask(longest_gap=10)
    assert known.ask(longest_gap=10) > 0
