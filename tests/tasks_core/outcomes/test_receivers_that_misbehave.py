"""Receivers of other apps, called where an outcome is written: slow ones, and ones that raise."""

import asyncio
import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
from django.db import DataError, IntegrityError, connection
from pytest_django import Settings

import tasks_core
from tasks_core import Fixed, PermanentError
from tasks_core.engine.states import State
from tasks_core.models import DeadLetter, Task
from tasks_core.signals import UnsuccessfulTask
from tasks_core.worker import outcome_buffer, process
from tasks_core.worker.executor import execute
from tests.support.life import queue, state_of
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


def _lease(task_id: int) -> datetime | None:
    return Task.objects.values_list("lease_until", flat=True).get(pk=task_id)


def test_leases_are_renewed_while_a_receiver_takes_its_time(
    received: Callable[[Any], None], settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "LEASE_SECONDS": 3}
    goes_on, may_end = threading.Event(), threading.Event()

    @tasks_core.task_type("work", retry=Fixed(initial=0, max_attempts=1))
    async def work(payload: dict[str, bool]) -> None:
        if payload["fails"]:
            raise PermanentError("no")
        await asyncio.to_thread(may_end.wait, 60)

    def receive(tasks: list[UnsuccessfulTask]) -> None:
        goes_on.set()
        assert may_end.wait(60)

    received(receive)
    failing, lasting = tasks_core.enqueue_many("work", [{"fails": True}, {"fails": False}])
    queue()

    execute("work", [failing, lasting], worker="w")
    try:
        assert goes_on.wait(20)
        before = _lease(lasting)
        assert before is not None
        wait_until(lambda: (now := _lease(lasting)) and now > before, what="the lease is renewed")
    finally:
        may_end.set()

    wait_until(lambda: state_of(lasting) is State.SUCCEEDED)
    wait_until(lambda: state_of(failing) is State.DEAD)


def _raise(error: Exception) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def _store_too_much() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT repeat('x', 20)::varchar(3)::int")


def _break_a_promise() -> None:
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE IF NOT EXISTS parents (id int PRIMARY KEY)")
        cursor.execute(
            "CREATE TEMPORARY TABLE IF NOT EXISTS children "
            "(id int REFERENCES parents DEFERRABLE INITIALLY DEFERRED)"
        )
        cursor.execute("INSERT INTO children VALUES (1)")


@pytest.mark.parametrize(
    "fails",
    [
        _raise(KeyError("nothing")),
        _raise(DataError("too long")),
        _raise(IntegrityError("twice")),
        _store_too_much,
        _break_a_promise,
    ],
)
def test_a_receiver_that_raises_lets_no_handler_run_again(
    fails: Callable[[], None],
    received: Callable[[Any], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(outcome_buffer, "LONGEST_PAUSE_ALONE", 0.05)
    runs: list[int] = []
    is_mended = threading.Event()
    tries: list[int] = []

    @tasks_core.task_type("work", retry=Fixed(initial=0, max_attempts=3))
    def work(payload: dict[str, int]) -> None:
        runs.append(payload["n"])
        if payload["n"] == 0:
            raise PermanentError("it cannot be done")

    def receive(tasks: list[UnsuccessfulTask]) -> None:
        tries.append(len(tasks))
        if not is_mended.is_set():
            fails()

    received(receive)
    ids = tasks_core.enqueue_many("work", [{"n": n} for n in range(4)])
    queue()
    execute("work", ids, worker="w")

    wait_until(lambda: len(tries) >= 4, what="it is tried again and again")
    assert state_of(ids[0]) is State.RUNNING
    assert [state_of(task_id) for task_id in ids[1:]] == [State.SUCCEEDED] * 3
    is_mended.set()

    wait_until(lambda: state_of(ids[0]) is State.DEAD)
    letter = DeadLetter.objects.get()
    assert (letter.error, letter.message) == (
        "tasks_core.exceptions.PermanentError",
        "it cannot be done",
    )
    assert sorted(runs) == [0, 1, 2, 3]
    wait_until(lambda: not process.current().inflight.all())
