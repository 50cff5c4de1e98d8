"""Ticks that wait for the one before run as fast as tasks end."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tasks_core import clock
from tasks_core.duties.beat_duties import make_duties
from tasks_core.duties.duty import Duty
from tasks_core.leadership import Leadership
from tasks_core.models import Task
from tests.support.life import plain_type
from tests.support.threads import in_own_connection
from tests.support.waiting import wait_until
from tests.tasks_core.schedules.ticking import MINUTE, START, beat, end, every_minute, tasks_of

pytestmark = pytest.mark.usefixtures("transactional_db")

HELD = 20


@contextmanager
def releasing() -> Iterator[None]:
    """Let a leading beat release what is held."""
    leadership = Leadership("schedules")
    assert leadership.lead()
    (duty,) = [one for one in make_duties(leadership) if one.name == "duty-buffers"]
    assert isinstance(duty, Duty)
    duty.start()
    try:
        yield
    finally:
        duty.stop()
        duty.join(10)
        leadership.release()


@contextmanager
def tasks_that_end_at_once() -> Iterator[None]:
    stopped = threading.Event()

    def work() -> None:
        while not stopped.wait(0.01):
            for task in Task.objects.unfinished():
                end(task)

    thread = threading.Thread(target=lambda: in_own_connection(work))
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(10)


def test_held_ticks_follow_each_other_as_fast_as_their_tasks_end() -> None:
    plain_type()
    with clock.frozen(START):
        schedule = every_minute(overlap="buffer_all", end_at=START + HELD * MINUTE)
    for minutes in range(1, HELD + 1):
        beat(START + minutes * MINUTE)
    assert schedule.occurrences.buffered().count() == HELD - 1

    began = time.monotonic()
    with releasing(), tasks_that_end_at_once():
        wait_until(lambda: not schedule.occurrences.buffered().exists(), seconds=3 * HELD)
    took = time.monotonic() - began

    assert len(tasks_of(schedule)) == HELD
    assert took < HELD  # it was two seconds for each
