"""One-time codes through a gateway: never late, never seen (guarantees 3 and 4)."""

import json
import logging
import threading
from collections.abc import Iterator
from datetime import timedelta

import pytest
import redis
from django.contrib.auth.models import User
from django.test import Client

import tasks_core
from notifications.api import notify
from notifications.models import Delivery, DeliveryAttempt, Notification, Provider, TemplateVersion
from notifications.sending.providers.accounts import forget_accounts
from tasks_core import clock
from tasks_core.events.queues import queue_names
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.notifications.codes.test_one_time_codes import CODE, whole_broker, whole_database
from tests.notifications.sending.conftest import NUMBER, add_gateway, code_sms
from tests.support.receiver import Receiver, Reply
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=3)]

__all__ = ["code_sms"]


@pytest.fixture(autouse=True)
def _gateway(receiver: Receiver, transactional_db: None) -> Iterator[Provider]:
    forget_accounts()
    yield add_gateway(receiver)
    forget_accounts()


def send_code(seconds: float = 300.0) -> Notification:
    return notify(
        "one-time-code",
        to=NUMBER,
        secret_context={"code": CODE},
        category="otp",
        expires_at=clock.now() + timedelta(seconds=seconds),
    )


def a_try_is_due() -> bool:
    return Task.objects.unfinished().get().run_after <= clock.now()


def test_a_frozen_gateway_gets_nothing_after_the_code_has_expired(
    receiver: Receiver, code_sms: TemplateVersion
) -> None:
    """It takes requests and answers none, for twice as long as the code lives."""
    release = threading.Event()
    receiver.plan(*[Reply(503, hold=release)] * 50)
    notification = send_code(seconds=2.0)
    expires_at = notification.expires_at
    assert expires_at is not None
    while clock.now() < expires_at + timedelta(seconds=2):
        run_due()
        if not Task.objects.unfinished().exists():
            break
        wait_until(a_try_is_due, what="the next try")
    sent_before = len(receiver.received)
    with clock.frozen(expires_at + timedelta(seconds=30)):
        run_due()
    release.set()
    assert sent_before >= 1
    assert len(receiver.received) == sent_before
    for attempt in DeliveryAttempt.objects.exclude(outcome="expired"):
        assert attempt.started_at < expires_at
    notification.refresh_from_db()
    assert (notification.state, notification.secret_context) == ("expired", "")
    assert notification.reason
    assert Delivery.objects.get().state == "expired"
    assert not DeadLetter.objects.exists()


def test_a_gateway_that_is_down_until_then_gets_nothing_at_all(
    receiver: Receiver, code_sms: TemplateVersion, allow_loopback: dict[str, object]
) -> None:
    allow_loopback["OUTGOING_PORTS"] = []
    Provider.objects.update(base_url="http://127.0.0.1:1")
    forget_accounts()
    notification = send_code(seconds=30)
    run_due()
    assert "connection refused" in Delivery.objects.get().error
    Provider.objects.update(base_url=receiver.url.removesuffix("/hook"))
    forget_accounts()
    assert notification.expires_at is not None
    with clock.frozen(notification.expires_at + timedelta(seconds=30)):
        run_due()
        if Task.objects.unfinished().exists():
            step = Task.objects.unfinished().get()
            tasks_core.enqueue(step.task_type, step.payload, inner=True)
            run_due()
    assert receiver.received == []
    notification.refresh_from_db()
    assert notification.state == "expired"
    assert not DeadLetter.objects.exists()


def test_a_retry_that_would_come_too_late_ends_it_now(
    receiver: Receiver, code_sms: TemplateVersion
) -> None:
    receiver.plan(Reply(503, {"Retry-After": "60"}))
    notification = send_code(seconds=30)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "expired"
    assert notification.reason == (
        "expired before it could be tried again; the last try: the gateway answered 503"
    )
    assert not DeadLetter.objects.exists()
    assert not Task.objects.unfinished().exists()


def test_less_than_a_second_is_too_little_to_send(
    receiver: Receiver, code_sms: TemplateVersion
) -> None:
    notification = send_code(seconds=60)
    assert notification.expires_at is not None
    with clock.frozen(notification.expires_at - timedelta(seconds=0.5)):
        run_due()
    assert receiver.received == []
    notification.refresh_from_db()
    assert notification.state == "expired"


def test_its_tasks_have_a_queue_of_their_own(receiver: Receiver, code_sms: TemplateVersion) -> None:
    receiver.plan(Reply(201, body=b'{"sid": "SM1"}'))
    send_code()
    run_due()
    lanes = set(Task.objects.values_list("queue_name", "priority"))
    assert lanes == {("critical", tasks_core.CRITICAL)}
    assert "critical" in queue_names()


@pytest.mark.parametrize(
    "reply",
    [
        Reply(201, body=json.dumps({"sid": "SM1", "body": f"{CODE} is your code."}).encode()),
        Reply(400, body=json.dumps({"code": 21211, "message": f"bad text {CODE}"}).encode()),
        Reply(500, body=f"could not send '{CODE}'".encode()),
    ],
)
@pytest.mark.guarantee(n=4)
def test_the_code_is_nowhere_but_in_the_message(
    receiver: Receiver,
    code_sms: TemplateVersion,
    broker: "redis.Redis",
    caplog: pytest.LogCaptureFixture,
    reply: Reply,
) -> None:
    receiver.plan(reply)
    with caplog.at_level(logging.DEBUG):
        send_code(seconds=4000)
        assert CODE not in whole_database()
        run_due()
    assert CODE.encode() in receiver.received[0].body
    assert CODE not in whole_database()
    assert CODE not in whole_broker(broker)
    assert CODE not in caplog.text
    assert CODE not in all_admin_pages()


def all_admin_pages() -> str:
    """Give the admin's pages about notifications, deliveries, tasks, events and dead letters."""
    User.objects.create_superuser("root", password="x")
    client = Client()
    client.login(username="root", password="x")
    rows = [
        *((f"notifications/{row._meta.model_name}", row.pk) for row in Notification.objects.all()),
        *((f"notifications/{row._meta.model_name}", row.pk) for row in Delivery.objects.all()),
        *(("tasks_core/task", row.pk) for row in Task.objects.all()),
        *(("tasks_core/deadletter", row.pk) for row in DeadLetter.objects.all()),
    ]
    places = {f"/admin/{place}/" for place, _ in rows} | {
        f"/admin/{place}/{key}/change/" for place, key in rows
    }
    answers = [client.get(place) for place in sorted(places | {"/admin/"})]
    assert {answer.status_code for answer in answers} == {200}
    return "\n".join(answer.content.decode() for answer in answers)
