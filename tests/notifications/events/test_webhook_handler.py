"""Batches of events go out as signed webhooks, each under one id however often it is tried."""

import json
from datetime import timedelta
from typing import Any

import pytest
from standardwebhooks.webhooks import Webhook

import tasks_core
from notifications.api import disable_endpoint
from notifications.events.webhook import WebhookFailed, WebhookHandler
from notifications.models import Endpoint
from notifications.sending.outgoing.fetch import ExchangeFailed
from tasks_core import RetryAfter, clock
from tasks_core.events import TaskScheduled, cursor, subscription
from tasks_core.models import EventSubscription
from tasks_core.worker.event_delivery import deliver
from tests.notifications.conftest import SECRET
from tests.notifications.events.happenings import dead, failed
from tests.support.receiver import Receiver, Reply


@pytest.fixture
def handler(endpoint: Endpoint) -> WebhookHandler:
    return WebhookHandler("audit", endpoint.name)


def test_a_batch_is_one_signed_request(handler: WebhookHandler, receiver: Receiver) -> None:
    handler([failed(1, will_retry=True, duration=0.5), dead(2)])
    [request] = receiver.received
    content = Webhook(SECRET).verify(request.body, request.headers)
    assert content["type"] == "task.events"
    assert content["data"]["subscriber"] == "audit"
    assert content["data"]["events"] == [
        {
            "type": "task.failed",
            "id": 1,
            "task_id": 101,
            "task_type": "invoice.remind",
            "attempt": 1,
            "at": "2026-05-01T09:00:00+00:00",
            "error": "ValueError: broken",
            "will_retry": True,
            "duration": 0.5,
        },
        {
            "type": "task.dead_lettered",
            "id": 2,
            "task_id": 102,
            "task_type": "invoice.remind",
            "attempt": 8,
            "at": "2026-05-01T09:00:00+00:00",
            "reason": "no attempt is left",
        },
    ]


def test_the_same_batch_has_the_same_id_and_body_and_another_one_has_not(
    handler: WebhookHandler, receiver: Receiver, endpoint: Endpoint
) -> None:
    handler([failed(1), dead(2)])
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        handler([failed(1), dead(2)])
    handler([failed(1)])
    WebhookHandler("other", endpoint.name)([failed(1), dead(2)])
    first, again, shorter, other = receiver.received
    assert (first.headers["webhook-id"], first.body) == (again.headers["webhook-id"], again.body)
    assert first.headers["webhook-timestamp"] != again.headers["webhook-timestamp"]
    ids = {one.headers["webhook-id"] for one in (first, shorter, other)}
    assert len(ids) == 3


@pytest.mark.parametrize("status", [302, 400, 404, 500, 503])
def test_an_answer_that_is_no_success_raises(
    handler: WebhookHandler, receiver: Receiver, status: int
) -> None:
    receiver.plan(Reply(status))
    with pytest.raises(WebhookFailed, match=str(status)):
        handler([failed()])


def test_an_endpoint_that_is_gone_for_good_is_switched_off(
    handler: WebhookHandler, receiver: Receiver
) -> None:
    receiver.plan(Reply(410))
    with pytest.raises(WebhookFailed, match="410"):
        handler([failed()])
    with pytest.raises(WebhookFailed, match=r"'merchant' is disabled: .*gone for good"):
        handler([failed()])
    assert len(receiver.received) == 1


def test_retry_after_is_handed_on(handler: WebhookHandler, receiver: Receiver) -> None:
    receiver.plan(Reply(429, {"Retry-After": "120"}))
    with pytest.raises(RetryAfter, match="429") as asked:
        handler([failed()])
    assert asked.value.seconds == 120


def test_without_an_endpoint_it_says_what_to_do(db: None) -> None:
    with pytest.raises(WebhookFailed, match=r"no endpoint 'merchant'.*register"):
        WebhookHandler("audit", "merchant")([failed()])


def test_an_endpoint_that_is_off_gets_nothing(
    handler: WebhookHandler, receiver: Receiver, endpoint: Endpoint
) -> None:
    disable_endpoint(endpoint.pk, reason="maintenance")
    with pytest.raises(WebhookFailed, match="disabled: maintenance"):
        handler([failed()])
    assert receiver.received == []


@pytest.mark.guarantee(n=5)
def test_addresses_that_may_not_be_reached_are_refused(
    handler: WebhookHandler, receiver: Receiver, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["OUTGOING_ALLOWED_NETWORKS"] = []
    with pytest.raises(ExchangeFailed, match="address not allowed"):
        handler([failed()])
    assert receiver.received == []


@pytest.mark.django_db(transaction=True)
def test_the_bus_waits_as_long_as_the_receiver_asked_and_then_sends_the_same_again(
    receiver: Receiver, endpoint: Endpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(subscription, "_subscriptions", {})
    tasks_core.subscribe("audit", [TaskScheduled], WebhookHandler("audit", endpoint.name))
    cursor.create("audit", from_beginning=False, now=clock.now())
    payload = {"notification": 1}
    task = tasks_core.schedule_delayed(
        "notification.schedule", payload, delay=timedelta(days=1), inner=True
    )
    receiver.plan(Reply(503, {"Retry-After": "600"}))
    assert deliver("audit", holder="test") == 0
    row = EventSubscription.objects.get()
    assert row.failures == 1
    assert row.retry_at is not None
    assert (row.retry_at - clock.now()).total_seconds() == pytest.approx(600, abs=10)
    EventSubscription.objects.update(retry_at=None)
    assert deliver("audit", holder="test") == 1
    first, again = receiver.received
    assert first.headers["webhook-id"] == again.headers["webhook-id"]
    assert json.loads(again.body)["data"]["events"][0]["task_id"] == task.pk
