"""One-off scheduled events: what is stored, what is sent, when, and how they end."""

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from django.db import transaction

from notifications.exceptions import InvalidTrigger
from notifications.models import TriggerEvent
from tasks_core import clock
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.notifications.triggers.conftest import (
    Clock,
    MakeEvent,
    deliver,
    invocations,
    received_bodies,
)
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_one_off_event_is_one_self_contained_row(make_event: MakeEvent) -> None:
    event = make_event(
        schedule_at="2030-01-01T09:00Z",
        payload={"order": 7},
        headers=[{"name": "X-Shop", "value": "a"}],
        retry_conf={"num_retries": 3},
        comment="remind",
    )
    stored = TriggerEvent.objects.get()
    assert stored.trigger is None
    assert stored.scheduled_time == datetime(2030, 1, 1, 9, tzinfo=UTC)
    assert stored.payload == {"order": 7}
    assert stored.headers == [{"name": "X-Shop", "value": "a"}]
    assert stored.retry_conf["num_retries"] == 3
    assert (stored.comment, stored.status, stored.tries) == ("remind", "scheduled", 0)
    assert event.event_id == stored.event_id


def test_the_answer_has_the_event_id(make_event: MakeEvent) -> None:
    assert isinstance(make_event().event_id, UUID)


def test_an_event_that_is_rolled_back_leaves_neither_row_nor_task(make_event: MakeEvent) -> None:
    with transaction.atomic():
        make_event()
        transaction.set_rollback(True)
    assert (TriggerEvent.objects.count(), Task.objects.count()) == (0, 0)


def test_it_is_delivered_when_its_time_has_come_and_not_before(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    event = make_event(schedule_at=still_clock.at + timedelta(minutes=10))
    still_clock.ahead(minutes=9, seconds=59)
    assert deliver(event).status == "scheduled"
    assert receiver.received == []
    still_clock.ahead(seconds=1)
    assert deliver(event).status == "delivered"
    assert (event.tries, event.finished_at) == (1, still_clock.at)
    assert Task.objects.get().state == "SUCCEEDED"


def test_the_request_is_a_post_of_json_with_our_own_user_agent(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    deliver(make_event())
    [seen] = receiver.received
    assert seen.method == "POST"
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["user-agent"] == "Bellringer-Triggers/1.0"


def test_configured_headers_are_added_and_stand_over_the_defaults(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    headers = [
        {"name": "user-agent", "value": "shop"},
        {"name": "X-One", "value": "1"},
        {"name": "Authorization", "value": "Bearer abcdef"},
    ]
    deliver(make_event(headers=headers))
    seen = receiver.received[0].headers
    assert (seen["user-agent"], seen["x-one"]) == ("shop", "1")
    assert seen["authorization"] == "Bearer abcdef"


def test_the_payload_is_wrapped_and_absent_fields_are_left_out(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    event = deliver(make_event(payload={"order": 7}))
    at = f"{still_clock.at:%Y-%m-%dT%H:%M:%SZ}"
    assert received_bodies(receiver) == [
        {
            "scheduled_time": at,
            "payload": {"order": 7},
            "id": str(event.event_id),
            "created_at": at,
        }
    ]


def test_the_comment_is_sent_only_if_set(make_event: MakeEvent, receiver: Receiver) -> None:
    deliver(make_event(comment="remind"))
    deliver(make_event())
    with_comment, without = received_bodies(receiver)
    assert with_comment["comment"] == "remind"
    assert "comment" not in without


def test_a_one_off_event_has_created_at_and_no_name(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    deliver(make_event())
    [body] = received_bodies(receiver)
    assert "created_at" in body
    assert "name" not in body


def test_the_transforms_are_not_part_of_the_body(make_event: MakeEvent, receiver: Receiver) -> None:
    deliver(make_event(response_transform={"body": '{"kept": {{ body.a }} }'}))
    assert "transform" not in receiver.received[0].body.decode()


def test_a_missing_payload_is_sent_as_null(make_event: MakeEvent, receiver: Receiver) -> None:
    deliver(make_event())
    assert b'"payload":null' in receiver.received[0].body


@pytest.mark.parametrize("payload", [None, 0, "text", ["a", 1], {"ä": {"deep": [None, True]}}])
def test_any_json_is_a_payload(make_event: MakeEvent, receiver: Receiver, payload: object) -> None:
    deliver(make_event(payload=payload))
    assert received_bodies(receiver)[0]["payload"] == payload


def test_the_id_is_the_same_for_every_attempt(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(500))
    event = make_event(retry_conf={"num_retries": 1})
    deliver(event)
    still_clock.ahead(seconds=10)
    deliver(event)
    first, second = received_bodies(receiver)
    assert first == second
    assert first["id"] == str(event.event_id)


@pytest.mark.parametrize("status", [200, 201, 202, 204, 226, 299])
def test_every_2xx_delivers(make_event: MakeEvent, receiver: Receiver, status: int) -> None:
    receiver.plan(Reply(status, body=b""))
    event = deliver(make_event())
    assert (event.status, event.tries, event.reason) == ("delivered", 1, "")
    assert [one.status for one in invocations(event)] == [status]


def test_a_past_time_is_accepted_and_delivered_at_once_within_the_tolerance(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event(schedule_at=clock.now() - timedelta(hours=5))
    assert deliver(event).status == "delivered"


def test_a_past_time_beyond_the_tolerance_is_accepted_and_ends_dead(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event(schedule_at="2020-01-01T15:46Z")
    assert deliver(event).status == "dead"
    assert receiver.received == []


def test_what_is_wrong_is_refused_before_anything_is_written(make_event: MakeEvent) -> None:
    with pytest.raises(
        InvalidTrigger, match=r"^retry_conf\.num_retries: cannot be a negative value"
    ):
        make_event(retry_conf={"num_retries": -1})
    assert (TriggerEvent.objects.count(), Task.objects.count()) == (0, 0)


def test_a_time_too_far_ahead_is_refused(make_event: MakeEvent) -> None:
    with pytest.raises(InvalidTrigger, match=r"^schedule_at: must lie within 3660 days"):
        make_event(schedule_at="2090-01-01T00:00Z")


@pytest.mark.parametrize("payload", [{1, 2}, object(), float("nan"), "nul \x00"])
def test_a_payload_that_is_no_json_is_refused(make_event: MakeEvent, payload: object) -> None:
    with pytest.raises(InvalidTrigger, match=r"^payload: "):
        make_event(payload=payload)


def test_nothing_of_the_call_reaches_the_task_or_its_errors(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(500, body=b"you sent hunter2222"))
    make_event(
        payload={"note": "hunter2222"}, headers=[{"name": "Authorization", "value": "hunter2222"}]
    )
    run_due()
    [task] = Task.objects.all()
    assert set(task.payload) == {"event"}
    letters = DeadLetter.objects.values("message", "traceback", "reason")
    written = json.dumps(list(letters))
    assert "the webhook answered 500" in written
    assert "hunter2222" not in written + task.error
