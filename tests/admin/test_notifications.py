"""Notifications and deliveries: everything but their secrets."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from notifications.api import Fallback, notify, publish_template, register_endpoint
from notifications.message_templates.compiled import compiled_version
from notifications.models import Delivery, DeliveryAttempt, Notification
from notifications.states import DeliveryState
from tasks_core import clock, testing
from tasks_core.models import Task
from tests.admin import rows

URL = "/admin/notifications/notification/"
CODE = "918273"


@pytest.fixture(autouse=True)
def _published(request: pytest.FixtureRequest, db: None) -> Iterator[None]:
    compiled_version.cache_clear()
    publish_template("receipt", subject="Receipt {{ number }}", text="Thank you for {{ number }}.")
    publish_template("code", subject="Your code", text="It is {{ code }}.")
    yield
    compiled_version.cache_clear()


@pytest.fixture
def receipt(db: None) -> Notification:
    return notify("receipt", to="ada@example.com", context={"number": "R-7"})


@pytest.fixture
def secret(db: None) -> Notification:
    return notify(
        "code",
        to="ada@example.com",
        secret_context={"code": CODE},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
        correlation_id="login-5",
    )


def page_of(client: Client, row: Any) -> str:
    name = f"{row._meta.app_label}_{row._meta.model_name}"
    return rows.text(client.get(reverse(f"admin:{name}_change", args=[row.pk])))


def test_a_notification_shows_its_variables_and_links_its_tasks(
    viewer: Client, receipt: Notification
) -> None:
    page = page_of(viewer, receipt)
    assert "<td><code>number</code></td><td>R-7</td>" in page
    assert "ada@example.com" in page
    assert f"/admin/tasks_core/task/?q=notification-{receipt.pk}" in page


def test_a_task_links_its_notification_and_its_delivery(
    viewer: Client, receipt: Notification
) -> None:
    later = notify(
        "receipt",
        to="bob@example.com",
        context={"number": "R-8"},
        run_after=clock.now() + timedelta(hours=1),
    )
    first = Task.objects.get(task_type="notification.schedule")
    assert f"/admin/notifications/notification/{later.pk}/change/" in page_of(viewer, first)
    delivery = Delivery.objects.get()
    last = Task.objects.get(task_type="notification.deliver.email")
    assert f"/admin/notifications/delivery/{delivery.pk}/change/" in page_of(viewer, last)


def test_a_delivered_message_is_shown_with_its_attempts(
    viewer: Client, receipt: Notification, mailoutbox: list[Any]
) -> None:
    testing.run_due()
    assert len(mailoutbox) == 1
    delivery = Delivery.objects.get()
    page = page_of(viewer, delivery)
    assert "Thank you for R-7." in page
    assert "Receipt R-7" in page
    assert "Success" in page
    assert f"/admin/notifications/delivery/{delivery.pk}/change/" in page_of(viewer, receipt)


def test_attempts_show_what_came_back(viewer: Client, receipt: Notification) -> None:
    now = clock.now()
    delivery = Delivery.objects.create(
        notification=receipt,
        channel="webhook",
        address="https://example.com/in",
        message_id="m1",
        state=DeliveryState.FAILED,
        attempts=1,
        error="HTTP 500",
        created_at=now,
        finished_at=now,
    )
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=1,
        task_id=1,
        started_at=now,
        finished_at=now,
        duration=0.25,
        outcome="permanent",
        status_code=500,
        error="HTTP 500",
        response={"body": "<b>oops</b>"},
    )
    page = page_of(viewer, delivery)
    for word in (
        "Failed for good",
        "500",
        "250 ms",
        "&lt;b&gt;oops&lt;/b&gt;",
        "Not rendered yet.",
    ):
        assert word in page
    assert "<b>oops</b>" not in page


def every_page(client: Client) -> Iterator[str]:
    """Yield every list, and the page of every row, of both apps."""
    for app_label in ("tasks_core", "notifications"):
        for model in apps.get_app_config(app_label).get_models():
            if admin.site.is_registered(model):
                name = f"admin:{app_label}_{model._meta.model_name}"
                yield rows.text(client.get(reverse(f"{name}_changelist")))
                yield from (page_of(client, row) for row in model._default_manager.all())
    yield rows.text(client.get("/admin/"))


@pytest.mark.guarantee(n=4)
def test_a_code_is_on_no_page_before_and_after_delivery(
    operator: Client, secret: Notification, mailoutbox: list[Any]
) -> None:
    before = list(every_page(operator))
    testing.run_due()
    assert CODE in mailoutbox[0].body
    after = list(every_page(operator))
    assert len(after) > len(before) > 15
    assert not [page for page in before + after if CODE in page]
    assert "no text of it is stored" in page_of(operator, Delivery.objects.get())
    assert "They were wiped when it ended" in page_of(operator, secret)


def test_an_unsent_notification_is_cancelled(operator: Client, receipt: Notification) -> None:
    operator.post(f"{URL}{receipt.pk}/cancel/", {"reason": "wrong customer"})
    receipt.refresh_from_db()
    assert (receipt.state, receipt.reason) == ("cancelled", "wrong customer (operator)")
    assert rows.messages(operator) == ["1 cancelled."]


def test_cancelling_many_says_which_had_ended(operator: Client, receipt: Notification) -> None:
    testing.run_due()
    other = notify("receipt", to="bob@example.com", context={"number": "R-8"})
    said = rows.bulk(
        operator, "notifications/notification", "cancel", [receipt.pk, other.pk], reason="storm"
    )
    assert said == ["1 cancelled, 1 had already ended."]


def test_lists_find_what_is_exact(
    viewer: Client, receipt: Notification, secret: Notification
) -> None:
    def found(url: str, term: str) -> list[int]:
        return [row.pk for row in viewer.get(url, {"q": term}).context["cl"].result_list]

    assert found(URL, str(receipt.pk)) == [receipt.pk]
    assert found(URL, "ada@example.com") == [secret.pk, receipt.pk]
    assert found(URL, "login-5") == [secret.pk]
    assert found(URL, "nothing") == []
    testing.run_due()
    delivery = Delivery.objects.get(notification=receipt)
    url = "/admin/notifications/delivery/"
    assert found(url, delivery.message_id) == [delivery.pk]
    assert delivery.pk in found(url, "ada@example.com")


def test_lists_cost_a_fixed_number_of_queries(viewer: Client, queries: Any) -> None:
    endpoint = register_endpoint("Acme", "https://hooks.example.com/in")
    publish_template("event", channel="webhook", text='{"n": {{ n }}}')
    urls = (URL, "/admin/notifications/delivery/", "/admin/notifications/templateversion/")

    def cost() -> list[int]:
        counts = []
        for url in urls:
            with queries() as captured:
                viewer.get(url)
            counts.append(len(captured))
        return counts

    notify("event", to=endpoint, context={"n": 0})
    cost()
    few = cost()
    for number in range(9):
        notify("event", to=endpoint, context={"n": number})
        notify("receipt", to=f"u{number}@example.com", context={"number": f"R-{number}"})
    for row in Notification.objects.all():
        Delivery.objects.create(
            notification=row,
            channel=row.channel,
            address=row.address,
            message_id=f"m{row.pk}",
            created_at=clock.now(),
        )
    assert cost() == few
    assert max(few) <= 10


def test_a_ladder_is_shown_with_its_steps(viewer: Client, mailoutbox: list[Any]) -> None:
    publish_template("receipt", channel="sms", text="{{ number }}")
    ladder = [Fallback(channel="sms", to="+4915112345678", after=timedelta(minutes=5))]
    row = notify("receipt", to="ada@example.com", context={"number": "R-7"}, fallback=ladder)
    page = page_of(viewer, row)
    assert "+4915112345678" in page
    assert "begins if the one before fails, or none is sent within 5 min" in page
    testing.run_due()
    page = page_of(viewer, row)
    assert "Unneeded" in page
    assert "it was sent" in page
