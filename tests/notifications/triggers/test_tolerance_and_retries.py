"""retry_conf at work: retries, intervals, tolerance, Retry-After, back-off, 410."""

from datetime import timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from notifications.models import TriggerEvent, TriggerInvocation
from tasks_core.models import DeadLetter
from tests.notifications.triggers.conftest import Clock, MakeEvent, deliver, invocations, task_of
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


def wait_of(event: TriggerEvent, now: Clock) -> float:
    """Give the seconds until the next try, on which event and task agree."""
    assert event.next_retry_at is not None
    task = task_of(event)
    assert (task.state, task.run_after) == ("RETRYING", event.next_retry_at)
    return (event.next_retry_at - now.at).total_seconds()


def test_attempts_in_all_are_num_retries_plus_one(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(*[Reply(500)] * 9)
    event = make_event(retry_conf={"num_retries": 2, "retry_interval_seconds": 10})
    for attempt in (1, 2):
        deliver(event)
        assert (event.status, event.tries) == ("scheduled", attempt)
        assert wait_of(event, still_clock) == 10
        still_clock.ahead(seconds=10)
    assert deliver(event).status == "error"
    assert (event.tries, len(receiver.received), event.next_retry_at) == (3, 3, None)
    assert event.reason == "the webhook answered 500"


def test_no_retry_is_the_default(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(500))
    assert deliver(make_event()).status == "error"


def test_a_retry_waits_for_the_fixed_interval_of_10_seconds_by_default(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(*[Reply(500)] * 4)
    event = make_event(retry_conf={"num_retries": 3})
    for _ in range(3):
        deliver(event)
        assert wait_of(event, still_clock) == 10
        still_clock.ahead(seconds=9)
        assert deliver(event).status == "scheduled"
        still_clock.ahead(seconds=1)
    assert deliver(event).status == "error"


def test_an_interval_of_zero_retries_at_once(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(*[Reply(500)] * 2)
    event = make_event(retry_conf={"num_retries": 2, "retry_interval_seconds": 0})
    assert deliver(event).status == "delivered"
    assert event.tries == 3


def test_exponential_back_off_grows_to_its_cap(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(*[Reply(500)] * 9)
    event = make_event(
        retry_conf={
            "num_retries": 5,
            "retry_interval_seconds": 5,
            "backoff": "exponential",
            "backoff_factor": 3,
            "max_interval_seconds": 60,
        }
    )
    waits = []
    for _ in range(5):
        deliver(event)
        waits.append(wait_of(event, still_clock))
        still_clock.ahead(seconds=waits[-1])
    assert waits == [5, 15, 45, 60, 60]


def test_jitter_varies_the_interval_within_its_bounds(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(*[Reply(500)] * 30)
    conf = {"num_retries": 1, "retry_interval_seconds": 1000, "jitter": "full"}
    waits = set()
    for _ in range(10):
        waits.add(wait_of(deliver(make_event(retry_conf=conf)), still_clock))
    assert len(waits) > 5
    assert all(0 <= wait <= 1000 for wait in waits)


def test_too_late_is_dead_without_a_call_or_a_log_row_and_with_tries_unchanged(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    event = make_event(retry_conf={"tolerance_seconds": 60})
    still_clock.ahead(seconds=61)
    assert deliver(event).status == "dead"
    assert (event.tries, receiver.received, invocations(event)) == (0, [], [])
    assert "tolerance of 60 s" in event.reason


def test_exactly_the_tolerance_is_not_too_late(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    event = make_event(retry_conf={"tolerance_seconds": 60})
    still_clock.ahead(seconds=60)
    assert deliver(event).status == "delivered"


def test_the_tolerance_is_6_hours_by_default(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    in_time = make_event(schedule_at=still_clock.at - timedelta(hours=6))
    late = make_event(schedule_at=still_clock.at - timedelta(hours=6, seconds=1))
    assert deliver(in_time).status == "delivered"
    assert deliver(late).status == "dead"


def test_the_tolerance_is_checked_before_retries_too_against_the_original_time(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(*[Reply(500)] * 5)
    event = make_event(
        retry_conf={"num_retries": 9, "retry_interval_seconds": 40, "tolerance_seconds": 100}
    )
    for _ in range(3):  # at 0, 40 and 80 seconds
        assert deliver(event).status == "scheduled"
        still_clock.ahead(seconds=40)
    assert deliver(event).status == "dead"
    assert (event.tries, len(receiver.received), len(invocations(event))) == (3, 3, 3)


@pytest.mark.parametrize(
    ("reply", "late"), [(Reply(500), 0.0), (Reply(200), 7 * 3600.0)], ids=["error", "dead"]
)
def test_terminal_failures_are_dead_letters(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock, reply: Reply, late: float
) -> None:
    receiver.plan(reply)
    event = make_event()
    still_clock.ahead(seconds=late)
    deliver(event)
    letter = DeadLetter.objects.get()
    assert letter.task_id == event.task_id
    assert event.reason in letter.message


def test_retry_after_in_seconds_takes_the_place_of_the_interval(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(503, {"Retry-After": "3"}))
    event = make_event(retry_conf={"num_retries": 1, "retry_interval_seconds": 500})
    deliver(event)
    assert wait_of(event, still_clock) == 3
    assert event.waits_asked == 0


def test_retry_after_as_a_date_is_understood_too(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    at = format_datetime(still_clock.at + timedelta(seconds=90), usegmt=True)
    receiver.plan(Reply(503, {"retry-after": at}))
    event = make_event(retry_conf={"num_retries": 1})
    deliver(event)
    assert wait_of(event, still_clock) == 90


@pytest.mark.parametrize("value", ["0", "-5", "soon", "", "1.5", "Wed, 21 Oct 2015 07:28:00 GMT"])
def test_a_retry_after_that_names_no_time_ahead_says_nothing(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock, value: str
) -> None:
    receiver.plan(Reply(503, {"Retry-After": value}))
    assert deliver(make_event()).status == "error"


def test_retry_after_is_honoured_even_when_retries_are_exhausted_and_counted(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(*[Reply(429, {"Retry-After": "60"})] * 3, Reply(500))
    event = make_event()
    for asked in (1, 2, 3):
        assert deliver(event).status == "scheduled"
        assert (event.waits_asked, event.tries) == (asked, asked)
        still_clock.ahead(seconds=60)
    assert deliver(event).status == "error"
    assert event.tries == 4


def test_a_webhook_can_keep_an_event_alive_only_until_tolerance_ends_it(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(*[Reply(503, {"Retry-After": "60"})] * 20)
    event = make_event(retry_conf={"tolerance_seconds": 150})
    deliver(event)
    for expected in (60, 60, 31):  # the last one is cut to right after the tolerance
        assert wait_of(event, still_clock) == expected
        still_clock.ahead(seconds=expected)
        deliver(event)
    assert (event.status, event.tries, len(receiver.received)) == ("dead", 3, 3)


def test_retry_after_is_cut_to_a_cap(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["TRIGGER_RETRY_AFTER_CAP"] = 120.0
    receiver.plan(Reply(503, {"Retry-After": "99999"}))
    event = deliver(make_event())
    assert wait_of(event, still_clock) == 120


def test_the_number_of_tries_asked_for_is_bounded(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["TRIGGER_RETRY_AFTER_LIMIT"] = 2
    receiver.plan(*[Reply(503, {"Retry-After": "1"})] * 9)
    event = make_event()
    for _ in range(3):
        deliver(event)
        still_clock.ahead(seconds=1)
    assert (event.status, event.tries, event.waits_asked) == ("error", 3, 2)
    assert event.reason == "the webhook answered 503; it asked for another try 2 times"


def test_retry_after_is_read_only_from_answers_that_are_no_success(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(202, {"Retry-After": "60"}))
    assert deliver(make_event()).status == "delivered"


@pytest.mark.parametrize("status", [400, 401, 404, 422])
def test_4xx_is_retried_like_any_error_by_default(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock, status: int
) -> None:
    receiver.plan(Reply(status))
    event = make_event(retry_conf={"num_retries": 1})
    assert deliver(event).status == "scheduled"


@pytest.mark.parametrize(
    ("status", "ends"),
    [(400, "error"), (404, "error"), (499, "error")]
    + [(status, "scheduled") for status in (408, 409, 425, 429, 500, 503, 302)],
)
def test_4xx_other_than_408_409_425_429_may_be_set_non_retryable(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock, status: int, ends: str
) -> None:
    receiver.plan(Reply(status))
    event = make_event(retry_conf={"num_retries": 1, "retry_client_errors": False})
    assert deliver(event).status == ends


def test_410_ends_an_event_at_once_even_if_it_asks_for_another_try(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(410, {"Retry-After": "5"}))
    event = deliver(make_event(retry_conf={"num_retries": 5}))
    assert (event.status, event.tries) == ("error", 1)


def test_each_attempt_has_a_log_row(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(500), Reply(404))
    event = make_event(retry_conf={"num_retries": 2, "retry_interval_seconds": 0})
    deliver(event)
    assert [one.status for one in invocations(event)] == [500, 404, 200]
    assert TriggerInvocation.objects.count() == event.tries == 3
