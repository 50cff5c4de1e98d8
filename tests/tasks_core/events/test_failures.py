"""What a subscriber's failure leaves behind."""

from collections.abc import Callable
from datetime import timedelta

import pytest

import tasks_core
from tasks_core import RetryAfter, clock
from tasks_core.models import DeadLetter, EventSubscription
from tests.support.cutting import cut_own
from tests.support.life import PLAIN, plain_type
from tests.support.session_changes import run
from tests.tasks_core.events.recorder import Recorder

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


def _cut_and_ask() -> None:
    cut_own()
    DeadLetter.objects.count()


def _write_on_a_standby() -> None:
    run("SET default_transaction_read_only = on")
    DeadLetter.objects.filter(pk=0).update(note="")


@pytest.mark.parametrize("meets_it", [_cut_and_ask, _write_on_a_standby])
def test_a_database_that_is_out_of_reach_is_no_failure_of_the_subscriber(
    meets_it: Callable[[], None],
) -> None:
    plain_type()
    recorder = Recorder(max_failures=2)
    recorder.does = meets_it
    tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=1))
    for _ in range(3):
        recorder.get()
        row = recorder.row
        assert (row.state, row.failures) == ("active", 0)
        assert row.retry_at is not None
        assert (row.retry_at - clock.now()).total_seconds() == pytest.approx(10, abs=3)
        assert "Error" in row.error
        EventSubscription.objects.update(retry_at=None)
    recorder.does = int

    recorder.get()

    assert recorder.row.delivered == 1


def test_what_a_subscriber_asks_of_the_database_itself_is_its_failure() -> None:
    plain_type()
    recorder = Recorder(max_failures=3)
    recorder.does = lambda: run("SELECT nothing FROM nowhere")
    tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=1))
    recorder.get()
    assert recorder.row.failures == 1


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
