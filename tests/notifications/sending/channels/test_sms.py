"""SMS through a gateway with Twilio's form API."""

import base64
import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest

from notifications.api import notify
from notifications.models import DeliveryAttempt, Notification, Provider, TemplateVersion
from notifications.sending.providers.accounts import forget_accounts
from tasks_core import clock
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.notifications.sending.conftest import NUMBER, SID, TOKEN, add_gateway
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


def taken(sid: str = "SM1", **more: Any) -> Reply:
    document = {"sid": sid, "status": "queued", "error_code": None, **more}
    return Reply(201, body=json.dumps(document).encode())


def refused(code: int, status: int = 400, **headers: str) -> Reply:
    document = {"code": code, "message": "no", "status": status}
    return Reply(status, headers, json.dumps(document).encode())


def form(receiver: Receiver, position: int = -1) -> dict[str, str]:
    fields = parse_qs(receiver.received[position].body.decode(), strict_parsing=True)
    return {name: values[0] for name, values in fields.items()}


def pay(**options: Any) -> Notification:
    return notify("paid", to=NUMBER, context={"name": "Ada", "amount": 5}, **options)


def test_the_gateway_gets_the_message_and_its_id_is_kept(
    gateway: Provider, receiver: Receiver, paid_sms: TemplateVersion
) -> None:
    receiver.plan(taken("SM123"))
    notification = pay()
    run_due()
    [request] = receiver.received
    assert request.path == f"/2010-04-01/Accounts/{SID}/Messages.json"
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    expected = base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
    assert request.headers["authorization"] == f"Basic {expected}"
    assert form(receiver) == {"To": NUMBER, "From": "+4930123456", "Body": "Ada paid you 5 EUR."}
    notification.refresh_from_db()
    delivery = notification.deliveries.get()
    assert (notification.state, delivery.state) == ("sent", "sent")
    assert delivery.provider_message_id == "SM123"
    attempt = delivery.attempt_log.get()
    assert (attempt.outcome, attempt.status_code) == ("success", 201)
    assert attempt.request["segments"] == 1
    assert attempt.request["providers"] == [{"name": "sms-main", "outcome": "success", "error": ""}]


def test_a_messaging_service_and_a_callback_are_passed_on(
    receiver: Receiver, paid_sms: TemplateVersion
) -> None:
    options = {"messaging_service_sid": "MG1", "status_callback": "https://bank.example/sms"}
    add_gateway(receiver, options=options)
    receiver.plan(taken())
    pay()
    run_due()
    assert form(receiver)["MessagingServiceSid"] == "MG1"
    assert form(receiver)["StatusCallback"] == "https://bank.example/sms"
    assert "From" not in form(receiver)


@pytest.mark.parametrize(
    ("life", "least", "most"), [(90, 80, 90), (100_000, 36_000, 36_000), (None, None, None)]
)
@pytest.mark.guarantee(n=3)
def test_the_gateway_gets_the_rest_of_the_life_in_whole_seconds(
    gateway: Provider,
    receiver: Receiver,
    paid_sms: TemplateVersion,
    life: int | None,
    least: int | None,
    most: int | None,
) -> None:
    receiver.plan(taken())
    pay(expires_at=clock.now() + timedelta(seconds=life) if life else None)
    run_due()
    validity = form(receiver).get("ValidityPeriod")
    if least is None or most is None:
        assert validity is None
    else:
        assert least <= int(validity or 0) <= most


@pytest.mark.parametrize(
    ("reply", "state", "outcome", "has_dead_letter"),
    [
        (refused(21211), "failed", "permanent", True),
        (refused(21614), "failed", "permanent", True),
        (refused(21610), "failed", "permanent", True),
        (refused(30001, 503), "in_progress", "transient", False),
        (refused(20003, 401), "in_progress", "transient", False),
        (refused(20429, 429), "in_progress", "throttled", False),
        (Reply(502, body=b"bad gateway"), "in_progress", "transient", False),
        (Reply(404, body=b"?"), "failed", "permanent", True),
        (taken(status="failed", error_code=30006), "failed", "permanent", True),
        (taken(status="failed", error_code=30036), "expired", "expired", False),
    ],
)
@pytest.mark.guarantee(n=6)
def test_errors_are_told_apart(
    gateway: Provider,
    receiver: Receiver,
    paid_sms: TemplateVersion,
    reply: Reply,
    state: str,
    outcome: str,
    has_dead_letter: bool,
) -> None:
    receiver.plan(reply)
    notification = pay()
    run_due()
    notification.refresh_from_db()
    assert notification.state == state
    assert DeliveryAttempt.objects.get().outcome == outcome
    assert DeadLetter.objects.exists() is has_dead_letter


@pytest.mark.guarantee(n=6)
def test_retry_after_of_the_gateway_is_obeyed(
    gateway: Provider, receiver: Receiver, paid_sms: TemplateVersion
) -> None:
    receiver.plan(refused(20429, 429, **{"Retry-After": "40"}))
    before = clock.now()
    pay()
    run_due()
    task = Task.objects.unfinished().get()
    assert timedelta(seconds=39) < task.run_after - before < timedelta(seconds=60)


def test_without_a_provider_the_message_waits_and_says_why(
    receiver: Receiver, paid_sms: TemplateVersion
) -> None:
    notification = pay()
    run_due()
    assert "no provider of channel sms is enabled" in notification.deliveries.get().error
    add_gateway(receiver)
    with clock.frozen(clock.now() + timedelta(minutes=30)):
        receiver.plan(taken())
        run_due()
    notification.refresh_from_db()
    assert notification.state == "sent"


def test_a_missing_encryption_key_is_named_and_the_message_waits(
    gateway: Provider, receiver: Receiver, paid_sms: TemplateVersion
) -> None:
    Provider.objects.update(credentials="sealed with another key")
    forget_accounts()
    notification = pay()
    run_due()
    assert "ENCRYPTION_KEYS" in notification.deliveries.get().error
    assert DeliveryAttempt.objects.get().outcome == "transient"
    assert receiver.received == []


@pytest.mark.guarantee(n=4)
def test_credentials_are_in_no_row_and_no_log_line(
    gateway: Provider,
    receiver: Receiver,
    paid_sms: TemplateVersion,
    caplog: pytest.LogCaptureFixture,
) -> None:
    receiver.plan(Reply(500, body=f"token {TOKEN} is bad".encode()), taken())
    with caplog.at_level(logging.DEBUG):
        pay()
        run_due()
    assert TOKEN not in caplog.text
    assert TOKEN not in repr(list(Provider.objects.values()))
    assert TOKEN not in repr(list(DeliveryAttempt.objects.values()))
    assert TOKEN not in repr(list(Task.objects.values()))
