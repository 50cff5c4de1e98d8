"""From notify to a real HTTP server: signatures, retries, limits, endpoints."""

import json
import socket
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pytest_django import Settings
from standardwebhooks.webhooks import Webhook

import tasks_core
from notifications.api import (
    Message,
    disable_endpoint,
    enable_endpoint,
    notify,
    notify_many,
    publish_template,
    rotate_secret,
)
from notifications.exceptions import InvalidEndpoint
from notifications.models import DeliveryAttempt, Endpoint, Notification, TemplateVersion
from tasks_core import clock
from tasks_core.models import DeadLetter, Task
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.testing import run_due
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.notifications.conftest import SECRET
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


def send(endpoint: Endpoint, **options: Any) -> Notification:
    context = {"id": "p1", "order": {"lines": ["ä", 2]}}
    return notify("payment.settled", to=endpoint, context=context, **options)


def run_later(**ahead: float) -> None:
    with clock.frozen(datetime.now(UTC) + timedelta(**ahead)):
        run_due()


def run_together(task_type: str, count: int) -> None:
    """Run the waiting tasks of a type as one message, as a worker gets it."""
    [lane] = waiting_lanes()
    tasks = take_due([(lane, count)], [task_type], now=clock.now())
    execute(task_type, [task.id for task in tasks], worker="test")
    process = worker_process.current()
    assert process.loop.wait_until_idle(seconds=30)
    process.outcomes.flush()


@pytest.mark.guarantee(n=9)
def test_a_signed_document_reaches_the_endpoint(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    notification = send(endpoint)
    run_due()
    [seen] = receiver.received
    assert seen.headers["content-type"] == "application/json"
    document = Webhook(SECRET).verify(seen.body, seen.headers)
    assert document == {
        "type": "payment.settled",
        "data": {"id": "p1", "order": {"lines": ["ä", 2]}},
    }
    notification.refresh_from_db()
    delivery = notification.deliveries.get()
    assert (notification.state, delivery.state) == ("sent", "sent")
    assert seen.headers["webhook-id"] == f"msg_{delivery.message_id}"
    attempt = delivery.attempt_log.get()
    assert (attempt.outcome, attempt.status_code) == ("success", 200)
    assert attempt.request["url"] == endpoint.url
    assert json.loads(attempt.request["body"]) == document
    assert attempt.response == {"body": "ok"}
    assert "signature" not in str(attempt.request)


@pytest.mark.guarantee(n=2)
@pytest.mark.guarantee(n=9)
def test_a_retry_has_the_same_id_and_a_new_timestamp(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(500, body=b"oops"))
    notification = send(endpoint)
    run_due()
    assert notification.deliveries.get().error == "the endpoint answered 500"
    run_later(hours=1)
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]
    assert first.body == second.body
    attempts = DeliveryAttempt.objects.order_by("number").values_list("outcome", "status_code")
    assert list(attempts) == [("transient", 500), ("success", 200)]


@pytest.mark.guarantee(n=6)
def test_retry_after_is_kept_to(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(503, {"Retry-After": "700"}))
    send(endpoint)
    before = datetime.now(UTC)
    run_due()
    task = Task.objects.get(task_type="notification.deliver.webhook")
    wait = (task.run_after - before).total_seconds()
    assert 700 <= wait <= 900
    assert DeliveryAttempt.objects.get().retry_after == 700


@pytest.mark.guarantee(n=6)
def test_being_throttled_uses_up_no_attempt(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(*[Reply(429)] * 15)
    notification = send(endpoint)
    for hour in range(16):
        run_later(hours=hour)
    notification.refresh_from_db()
    delivery = notification.deliveries.get()
    assert (notification.state, delivery.throttled) == ("sent", 15)
    assert DeadLetter.objects.count() == 0


@pytest.mark.guarantee(n=6)
def test_an_endpoint_that_only_throttles_is_given_up_in_the_end(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(*[Reply(429, {"Retry-After": "1"})] * 60)
    notification = send(endpoint)
    for hour in range(60):
        run_later(hours=2 * hour)
    notification.refresh_from_db()
    assert notification.state == "failed"
    assert notification.deliveries.get().throttled == 20 + 8


@pytest.mark.parametrize("status", [400, 404, 302])
@pytest.mark.guarantee(n=6)
@pytest.mark.guarantee(n=7)
@pytest.mark.guarantee(n=9)
def test_a_permanent_answer_ends_in_a_dead_letter_that_can_be_replayed(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver, status: int
) -> None:
    receiver.plan(Reply(status, {"Location": receiver.url}))
    notification = send(endpoint)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "failed"
    assert len(receiver.received) == 1
    tasks_core.replay(DeadLetter.objects.get().pk)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "sent"
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


@pytest.mark.guarantee(n=9)
def test_an_endpoint_that_is_gone_is_disabled(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(410))
    send(endpoint)
    run_due()
    endpoint.refresh_from_db()
    assert not endpoint.enabled
    assert "410" in endpoint.disabled_reason
    later = send(endpoint)
    run_due()
    assert len(receiver.received) == 1
    assert "the endpoint is disabled" in later.deliveries.get().error


def test_a_disabled_endpoint_gets_its_message_after_enabling_and_replay(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    assert disable_endpoint(endpoint.pk, reason="maintenance")
    notification = send(endpoint)
    run_due()
    assert receiver.received == []
    assert enable_endpoint(endpoint.pk)
    tasks_core.replay(DeadLetter.objects.get().pk)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "sent"


@pytest.mark.guarantee(n=6)
@pytest.mark.guarantee(n=10)
def test_a_hanging_endpoint_leaves_an_ambiguous_attempt_and_holds_up_no_other(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 0.3
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    hanging, healthy = send(endpoint), send(endpoint)
    try:
        run_due()
    finally:
        release.set()
    outcomes = {
        one.pk: one.deliveries.get().attempt_log.get().outcome for one in (hanging, healthy)
    }
    assert outcomes == {hanging.pk: "ambiguous", healthy.pk: "success"}


@pytest.mark.guarantee(n=6)
def test_an_endpoint_that_is_down_is_tried_again(paid: TemplateVersion, endpoint: Endpoint) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    Endpoint.objects.filter(pk=endpoint.pk).update(url=f"http://127.0.0.1:{port}/")
    send(endpoint)
    run_due()
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.outcome, attempt.error) == ("transient", "no connection: connection refused")


@pytest.mark.guarantee(n=5)
def test_an_inner_address_is_refused_when_it_is_sent_whatever_was_stored(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "OUTGOING_ALLOWED_NETWORKS": []}
    notification = send(endpoint)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "failed"
    assert notification.deliveries.get().error == "address not allowed"
    assert receiver.received == []


@pytest.mark.guarantee(n=9)
def test_both_secrets_sign_while_one_is_rotated(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    new = rotate_secret(endpoint)
    send(endpoint)
    run_due()
    [seen] = receiver.received
    Webhook(SECRET).verify(seen.body, seen.headers)
    Webhook(new).verify(seen.body, seen.headers)
    assert len(seen.headers["webhook-signature"].split()) == 2


@pytest.mark.guarantee(n=9)
def test_a_rotated_secret_stops_signing_after_its_grace(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    with clock.frozen(datetime.now(UTC) - timedelta(hours=25)):
        new = rotate_secret(endpoint)
    send(endpoint)
    run_due()
    [seen] = receiver.received
    Webhook(new).verify(seen.body, seen.headers)
    assert len(seen.headers["webhook-signature"].split()) == 1


@pytest.mark.guarantee(n=9)
def test_the_number_of_old_secrets_is_bounded(endpoint: Endpoint) -> None:
    for _ in range(10):
        rotate_secret(endpoint)
    endpoint.refresh_from_db()
    assert len(endpoint.secrets) == 4
    assert "whsec_" not in str(endpoint.secrets)


def test_a_secret_of_the_wrong_form_is_refused(endpoint: Endpoint) -> None:
    with pytest.raises(InvalidEndpoint, match=r"secret: .* a secret is whsec_"):
        rotate_secret(endpoint, secret="whsec_short")


def test_deliveries_of_one_batch_run_side_by_side(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    count = 50
    Endpoint.objects.filter(pk=endpoint.pk).update(max_concurrency=count)
    receiver.wait_for_company = threading.Barrier(count)
    notify_many(
        "payment.settled",
        [Message(to=endpoint, context={"id": str(i), "order": {}}) for i in range(count)],
    )
    run_together("notification.deliver.webhook", count)
    assert len({seen.headers["webhook-id"] for seen in receiver.received}) == count
    assert Notification.objects.filter(state="sent").count() == count
    assert DeliveryAttempt.objects.filter(outcome="success").count() == count


@pytest.mark.guarantee(n=4)
def test_a_secret_document_is_not_kept_and_neither_is_its_echo(
    endpoint: Endpoint, receiver: Receiver
) -> None:
    publish_template("login.code", channel="webhook", text='{"code": {{ code }}}')
    receiver.plan(Reply(500, body=b'you sent "918273"'))
    send = notify(
        "login.code",
        to=endpoint,
        secret_context={"code": "918273"},
        category="otp",
        expires_at=datetime.now(UTC) + timedelta(hours=3),
    )
    run_due()
    assert json.loads(receiver.received[0].body) == {"code": "918273"}
    delivery = send.deliveries.get()
    attempt = delivery.attempt_log.get()
    assert attempt.request["body"] == attempt.response["body"] == "withheld"
    assert delivery.text == ""
