"""Requests and responses are shown as what they are, and not as the JSON they are kept in."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from notifications.api import notify, publish_template
from notifications.models import (
    Delivery,
    DeliveryAttempt,
    Notification,
    TriggerEvent,
    TriggerInvocation,
)
from tasks_core import clock, testing
from tests.admin import rows

URL = "/admin/notifications/"

pytestmark = pytest.mark.django_db


@pytest.fixture
def delivery() -> Delivery:
    publish_template("receipt", subject="Receipt", text="Thank you.")
    now = clock.now()
    return Delivery.objects.create(
        notification=notify("receipt", to="ada@example.com"),
        channel="webhook",
        address="https://hooks.example.com/in",
        message_id="m1",
        state="failed",
        created_at=now,
        finished_at=now,
    )


def attempt(delivery: Delivery, number: int = 1, **columns: Any) -> DeliveryAttempt:
    given = {"task_id": 1, "outcome": "transient", "started_at": clock.now(), **columns}
    return DeliveryAttempt.objects.create(delivery=delivery, number=number, **given)


def page_of(client: Client, delivery: Delivery) -> str:
    return rows.text(client.get(f"{URL}delivery/{delivery.pk}/change/"))


def test_an_attempt_shows_method_host_headers_body_and_status(
    viewer: Client, delivery: Delivery
) -> None:
    attempt(
        delivery,
        status_code=503,
        retry_after=7.0,
        duration=0.25,
        request={
            "url": "https://user:hunter22@hooks.example.com:8443/in/7?token=s3cret",
            "webhook_id": "msg_m1",
            "webhook_timestamp": "1784880000",
            "body": '{"paid": 1}',
        },
        response={"body": "<b>busy</b>"},
    )
    page = page_of(viewer, delivery)
    panel = page[page.index('id="exchange"') :]
    assert '<span class="br-method">POST</span> <strong>hooks.example.com:8443</strong>' in panel
    assert "/in/7?…" in panel
    assert "hunter22" not in panel
    assert "s3cret" not in panel
    assert "<td>webhook-timestamp</td><td>1784880000</td>" in panel
    assert "{\n  &quot;paid&quot;: 1\n}</pre>" in panel
    assert "503 Service Unavailable" in panel
    assert "<dt>Asked to wait</dt><dd>7 s</dd>" in panel
    assert "&lt;b&gt;busy&lt;/b&gt;" in panel
    assert "&quot;url&quot;" not in panel


def test_earlier_attempts_are_there_to_be_opened(viewer: Client, delivery: Delivery) -> None:
    for number in (1, 2, 3):
        attempt(delivery, number, request={"url": f"https://h{number}.example.com/"})
    page = page_of(viewer, delivery)
    titles = [part.split("</summary>")[0] for part in page.split('<details class="br-attempt"')[1:]]
    assert [title.split(" ")[:3] for title in titles] == [
        ["", "open><summary>Attempt", "3"],
        ["><summary>Attempt", "2", "<span"],
        ["><summary>Attempt", "1", "<span"],
    ]
    assert "h1.example.com" in page


def test_the_codes_of_a_mail_server_are_not_called_http(viewer: Client, delivery: Delivery) -> None:
    Delivery.objects.filter(pk=delivery.pk).update(channel="email")
    attempt(
        delivery,
        status_code=451,
        request={"from": "us@example.com", "to": "ada@example.com", "message_id": "<m1@x>"},
        response={"text": "451 later"},
    )
    page = page_of(viewer, delivery)
    assert "SMTP 451" in page
    assert "Unavailable For Legal Reasons" not in page
    assert "<dt>Message-ID</dt><dd>&lt;m1@x&gt;</dd>" in page


def test_the_providers_that_were_tried_are_a_table(viewer: Client, delivery: Delivery) -> None:
    tried = [
        {"name": "sms-main", "outcome": "left out", "error": "its breaker is open"},
        {"name": "sms-second", "outcome": "success", "error": ""},
    ]
    attempt(delivery, request={"To": "+4915112345678", "Body": "Hello", "providers": tried})
    page = page_of(viewer, delivery)
    assert "<td>sms-main</td>" in page
    assert "Left out" in page
    assert "its breaker is open" in page


def test_a_body_that_was_withheld_says_why(viewer: Client, delivery: Delivery) -> None:
    attempt(delivery, request={"url": "https://h.example.com/", "body": "withheld"})
    assert "Not kept: the message has secret variables." in page_of(viewer, delivery)


def test_a_long_body_is_cut_on_the_page(viewer: Client, delivery: Delivery) -> None:
    attempt(delivery, response={"body": "x" * 30_000})
    page = page_of(viewer, delivery)
    assert "(10,000 more characters)" in page
    assert "x" * 20_001 not in page


def test_variables_and_the_arguments_of_a_condition_are_tables(viewer: Client) -> None:
    publish_template("order", subject="Order", text="{{ number }} {{ parts|length }} {{ note }}")
    context = {"number": 17, "parts": [{"sku": "A"}], "note": "<i>two\nlines</i>"}
    notification = notify("order", to="ada@example.com", context=context)
    Notification.objects.filter(pk=notification.pk).update(
        condition="orders.unpaid", condition_args={"order": 17}
    )
    page = rows.text(viewer.get(f"{URL}notification/{notification.pk}/change/"))
    assert "<td><code>number</code></td><td>17</td>" in page
    assert "&quot;sku&quot;: &quot;A&quot;" in page
    assert "&lt;i&gt;two\nlines&lt;/i&gt;" in page
    assert "Asked of orders.unpaid" in page
    assert "<td><code>order</code></td><td>17</td>" in page


def test_what_really_was_sent_is_shown(
    viewer: Client, delivery: Delivery, mailoutbox: list[Any]
) -> None:
    testing.run_due()
    sent = Delivery.objects.filter(notification=delivery.notification_id, state="sent").get()
    page = page_of(viewer, sent)
    assert f"&lt;{sent.message_id}@" in page
    assert "SMTP 250" in page


def called(**columns: Any) -> TriggerEvent:
    event = TriggerEvent.objects.create(
        webhook="https://hooks.example.com/in",
        payload={"a": 1},
        headers=[{"name": "X-Token", "sealed": "gAAAA"}, {"name": "X-Id", "value": "7"}],
        scheduled_time=clock.now() + timedelta(days=1),
        created_at=clock.now(),
        status="error",
    )
    TriggerInvocation.objects.create(event=event, created_at=clock.now(), **columns)
    return event


def test_a_call_of_a_trigger_shows_headers_and_what_came_back(viewer: Client) -> None:
    event = called(
        status=418,
        duration=0.01,
        request={
            "payload": {"id": "x", "payload": {"a": 1}},
            "headers": [
                {"name": "Authorization", "value_from_env": "HOOK_TOKEN"},
                {"name": "X-Api-Token", "value": "leaked"},
            ],
            "version": "1",
        },
        response={
            "type": "webhook_response",
            "data": {
                "status": 418,
                "headers": [{"name": "X-Answer", "value": "tea"}],
                "body": "[]",
            },
            "version": "1",
        },
    )
    page = rows.text(viewer.get(f"{URL}triggerevent/{event.pk}/change/"))
    assert "from the environment: HOOK_TOKEN" in page
    assert "leaked" not in page
    assert "<td>X-Answer</td><td>tea</td>" in page
    assert "418 I" in page
    assert page.count("<strong>hooks.example.com</strong>") == 2  # the call, and what is planned
    assert "gAAAA" not in page
    assert "<dt>Retries</dt><dd>0</dd>" in page
    assert "<dt>Time limit</dt><dd>1 min</dd>" in page


def test_a_transformed_call_shows_both_bodies(viewer: Client) -> None:
    event = called(
        status=1000,
        request={
            "payload": {"before": 1},
            "headers": [],
            "version": "1",
            "transformed_request": {
                "method": "PUT",
                "url": "https://other.example.com/x",
                "body": '{"after": 2}',
            },
        },
        response={"type": "client_error", "data": {"message": "no connection"}, "version": "1"},
    )
    page = rows.text(viewer.get(f"{URL}triggerevent/{event.pk}/change/"))
    assert '<span class="br-method">PUT</span> <strong>other.example.com</strong>' in page
    assert "Before the transform" in page
    assert "&quot;before&quot;: 1" in page
    assert "&quot;after&quot;: 2" in page
    assert "<dt>Problem</dt><dd>no connection</dd>" in page


@pytest.mark.parametrize("depth", [50, 100, 101, 400, 700, 5_000])
def test_a_body_is_shown_however_deep_it_is_nested(
    viewer: Client, delivery: Delivery, depth: int
) -> None:
    attempt(delivery, response={"text": "[" * depth + "]" * depth})
    assert viewer.get(f"{URL}delivery/{delivery.pk}/change/").status_code == 200
