"""The examination has an end, whatever hangs, and whoever asks at the same time shares it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection, connections, transaction

from tasks_core.database import fetch
from tasks_core.health import Finding, Level, deadline, examine_in_time, probes
from tasks_core.health.probe import Probe, Reporter
from tasks_core.health.shared import SharedExamination
from tasks_core.models import Worker
from tests.support.forwarder import Forwarder, forwarding
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def levels(findings: list[Finding]) -> dict[str, Level]:
    return {finding.probe: finding.level for finding in findings}


@pytest.fixture(autouse=True)
def no_standing_threads(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Begin without threads of other tests, and wait for our own."""
    standing: dict[object, threading.Thread] = {}
    monkeypatch.setattr(deadline, "_standing", standing)
    yield
    for thread in standing.values():
        thread.join(10)


@pytest.fixture
def way_to_the_database(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Forwarder]:
    """Lead the connections that other threads open through a forwarder."""
    address = connections.settings["default"]
    with forwarding(address["HOST"], int(address["PORT"])) as forwarder:
        monkeypatch.setitem(address, "HOST", "127.0.0.1")
        monkeypatch.setitem(address, "PORT", forwarder.port)
        yield forwarder


@pytest.fixture
def locked_table(transactional_db: None) -> Iterator[None]:
    """Hold a lock that makes whoever reads the table of workers wait."""
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE tasks_core_worker")
            locked.set()
            done.wait(30)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(10)
    yield
    done.set()
    thread.join()


@pytest.mark.usefixtures("locked_table", "broker")
def test_a_statement_that_waits_is_given_up_and_the_next_probes_are_asked() -> None:
    began = time.monotonic()
    found = levels(examine_in_time(["database", "beat", "due", "broker"], seconds=2.0))
    assert time.monotonic() - began < 2.5
    assert found == {
        "database": Level.HEALTHY,
        "broker": Level.HEALTHY,
        "beat": Level.UNHEALTHY,
        "due": Level.HEALTHY,
    }


@pytest.mark.usefixtures("broker")
def test_a_connection_on_which_nothing_arrives_any_more_is_cut(
    way_to_the_database: Forwarder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def look() -> Iterator[Finding]:
        fetch("SELECT 1", {})
        way_to_the_database.swallows.set()
        fetch("SELECT 2", {})
        yield Reporter("database").healthy("nobody waits for this any more")

    monkeypatch.setitem(probes.PROBES, "database", Probe("database", look))
    began = time.monotonic()
    found = examine_in_time(["database", "migrations", "broker", "lanes"], seconds=1.0)
    assert time.monotonic() - began < 1.5
    assert levels(found) == {
        "database": Level.UNHEALTHY,
        "migrations": Level.UNKNOWN,
        "broker": Level.HEALTHY,
        "lanes": Level.UNKNOWN,
    }
    assert found[0].message == "no answer for 1 s"
    thread = next(iter(t for s, t in deadline._standing.items() if s == "database"))
    wait_until(lambda: not thread.is_alive(), seconds=5, what="the thread that hung has ended")


def test_while_one_examination_hangs_the_next_one_adds_no_thread(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_go, asked = threading.Event(), []

    def look() -> Iterator[Finding]:
        asked.append(1)
        let_go.wait(30)
        yield Reporter("database").healthy("answers")

    monkeypatch.setitem(probes.PROBES, "database", Probe("database", look))
    examine_in_time(["database", "migrations"], seconds=0.2)
    began = time.monotonic()
    found = levels(examine_in_time(["database", "migrations"], seconds=5.0))
    assert time.monotonic() - began < 1.0, "what is known to hang is not waited for again"
    assert found == {"database": Level.UNHEALTHY, "migrations": Level.UNKNOWN}
    assert len(asked) == 1
    let_go.set()
    wait_until(
        lambda: levels(examine_in_time(["database"], seconds=5.0))["database"] is Level.HEALTHY,
        what="it is asked again once it has come back",
    )


def test_a_probe_with_a_mistake_spoils_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    def look() -> Iterator[Finding]:
        raise ZeroDivisionError("with a secret in it")

    monkeypatch.setitem(probes.PROBES, "database", Probe("database", look))
    database, due = examine_in_time(["database", "due"])
    assert (database.level, database.message) == (
        Level.UNKNOWN,
        "could not be looked at: ZeroDivisionError",
    )
    assert due.level is Level.UNKNOWN


def test_all_who_ask_at_the_same_time_share_one_examination() -> None:
    begun = []

    def examine() -> list[Finding]:
        begun.append(time.monotonic())
        time.sleep(0.2)  # as long as a slow database takes
        return [Reporter("database").healthy("answers")]

    shared = SharedExamination(examine, kept=0.5)
    with ThreadPoolExecutor(20) as threads:
        answers = [threads.submit(shared.findings) for _ in range(60)]
        assert all(answer.result()[0].probe == "database" for answer in answers)
    assert len(begun) == 1
    wait_until(lambda: shared.findings() and len(begun) == 2, what="it is examined again")
    assert begun[1] - begun[0] >= 0.5


def test_probes_leave_no_connections_behind(
    transactional_db: None, all_alive: Worker, living: Callable[[Worker.Role], Worker]
) -> None:
    before = _sessions()
    for _ in range(5):
        examine_in_time()
    wait_until(lambda: _sessions() <= before, what="all connections are closed")


def _sessions() -> set[tuple[int, ...]]:
    """The clients of the database; PostgreSQL's own processes, autovacuum's above all, come and go."""
    of_clients = "datname = current_database() AND backend_type = 'client backend'"
    return set(fetch(f"SELECT pid FROM pg_stat_activity WHERE {of_clients}", {}))
