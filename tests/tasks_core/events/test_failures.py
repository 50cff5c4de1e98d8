"""What a subscriber's failure leaves behind."""

from datetime import timedelta

import pytest

import tasks_core
from tasks_core import RetryAfter, clock
from tasks_core.models import DeadLetter
from tests.tasks_core.events.recorder import Recorder
from tests.tasks_core.life import PLAIN, plain_type

pytestmark = pytest.mark.usefixtures("transactional_db")


def _failing(error: Exception) -> Recorder:
    plain_type()
    recorder = Recorder(max_failures=2)
    recorder.fails_with = error
    tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=1))
    recorder.get()
    return recorder


@pytest.mark.parametrize(("asked", "waits"), [(0.1, 1), (900, 900), (10**9, 3600)])
def test_a_handler_may_ask_for_a_longer_pause_but_not_for_a_shorter_one(
    asked: float, waits: float
) -> None:
    row = _failing(RetryAfter(asked, "the receiver is busy")).row
    assert row.error == "RetryAfter: the receiver is busy"
    assert row.retry_at is not None
    assert (row.retry_at - clock.now()).total_seconds() == pytest.approx(waits, abs=0.9)


def test_an_error_with_characters_that_the_database_refuses_counts_like_any_other() -> None:
    row = _failing(RuntimeError("got \x00 from the receiver")).row
    assert row.failures == 1
    assert "from the receiver" in row.error


def test_what_the_commit_refuses_counts_as_a_failure_of_the_subscriber() -> None:
    plain_type()
    recorder = Recorder(max_failures=2, atomic=True)
    recorder.does = lambda: DeadLetter.objects.create(
        task_id=-1, task_type="plain", created_at=clock.now(), attempts=1, versions={}
    )
    tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=1))
    recorder.get()
    assert recorder.row.failures == 1
    assert "foreign key" in recorder.row.error
