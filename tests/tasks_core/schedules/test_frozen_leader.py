"""A leader that freezes in the middle of a transaction: its locks must not keep the next one from leading."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import Error, connection

from tasks_core import clock, leadership
from tasks_core.database.brief_transaction import IDLE_SECONDS
from tasks_core.duties.beat_duties import POLL_SECONDS
from tasks_core.leadership import LEASE_SECONDS, RENEW_SECONDS, Leadership
from tasks_core.models import Occurrence, Schedule, Task
from tasks_core.schedules.firing import fire
from tasks_core.schedules.generator import generate
from tests.support.life import plain_type
from tests.support.waiting import wait_until
from tests.tasks_core.schedules.ticking import MINUTE, START, every_minute

pytestmark = pytest.mark.usefixtures("transactional_db")


@contextmanager
def frozen_after_locking(work: Callable[[], object]) -> Iterator[list[Error]]:
    """Run ``work`` in a thread that stops before its first statement about ticks, until the block ends.

    Gives a list that then holds what ``work`` raised.
    """
    frozen, thawed = threading.Event(), threading.Event()
    raised: list[Error] = []

    def stop(execute: Callable[..., Any], sql: str, *arguments: Any) -> Any:
        if "tasks_core_occurrence" in sql:
            frozen.set()
            assert thawed.wait(60)
        return execute(sql, *arguments)

    def run() -> None:
        try:
            with connection.execute_wrapper(stop):
                work()
        except Error as error:
            raised.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert frozen.wait(30)
    try:
        yield raised
    finally:
        thawed.set()
        thread.join(30)


def test_who_leads_again_after_letting_go_has_a_new_fence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leadership, "RENEW_SECONDS", 0.0)
    claim = Leadership("schedules")
    assert claim.lead()
    first = claim.fence
    assert first
    claim.release()
    assert claim.lead()
    assert claim.fence == first + 1
    assert claim.lead(), "and keeps it while it renews the lease"
    assert claim.fence == first + 1


def test_another_leads_and_fires_what_it_had_locked() -> None:
    plain_type()
    with clock.frozen(START):
        schedule = every_minute()
    first, second = Leadership("schedules"), Leadership("schedules")
    assert first.lead()
    with clock.frozen(START + MINUTE), frozen_after_locking(lambda: fire(first)) as raised:
        wait_until(second.lead, seconds=30, what="the other leads")
        wait_until(lambda: fire(second) == 1, what="it fires the tick")
    assert "idle-in-transaction" in str(raised[0])
    assert not first.holds()
    assert Task.objects.count() == 1
    assert Occurrence.objects.filter(schedule=schedule, outcome="fired").count() == 1


def test_another_fills_the_ledger_of_schedules_that_it_had_locked() -> None:
    plain_type()
    with clock.frozen(START):
        every_minute()
    Schedule.objects.update(refill_at=START)
    with clock.frozen(START + MINUTE), frozen_after_locking(generate) as raised:
        assert generate() == 0
        wait_until(lambda: generate() == 1, seconds=30, what="another generates")
    assert "idle-in-transaction" in str(raised[0])


def test_a_leader_that_freezes_or_dies_is_followed_within_ten_seconds() -> None:
    """The sum of what can come together; the machine must have the time to do it."""
    assert max(IDLE_SECONDS, LEASE_SECONDS) + RENEW_SECONDS + POLL_SECONDS <= 10
