"""What pages tell an operator who is in a hurry: whom, how many, what next, in which zone."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.contrib import admin
from django.test import Client
from django.utils.html import strip_tags
from pytest_django import Settings

from notifications.api import (
    Receiver,
    create_broadcast,
    disable_endpoint,
    notify,
    publish_template,
    register_endpoint,
    suppress,
)
from notifications.models import Delivery, DeliveryAttempt, EndpointLane, LimitCounter, Suppression
from tasks_core import clock, testing
from tests.admin import rows

URL = "/admin/notifications/"

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _published(db: None) -> None:
    publish_template("receipt", subject="Receipt", text="Thank you, {{ name }}.")


def test_what_was_said_is_shown_on_the_first_page(operator: Client) -> None:
    page = rows.text(operator.get(f"{URL}notification/999999/change/", follow=True))
    assert "Perhaps it was deleted?" in page


def test_a_name_is_shown_as_callers_write_it(operator: Client) -> None:
    endpoint = register_endpoint("merchant-7", "https://hooks.example.com/in")
    page = rows.text(operator.get(f"{URL}endpoint/{endpoint.pk}/change/"))
    assert "Merchant-7" not in page
    assert "merchant-7" in page


def test_the_history_says_its_zone(operator: Client) -> None:
    endpoint = register_endpoint("merchant-7", "https://hooks.example.com/in")
    history = f"{URL}endpoint/{endpoint.pk}/history/"
    assert "Nobody has done anything" in rows.text(operator.get(history))
    operator.post(f"{URL}endpoint/{endpoint.pk}/disable/", {"reason": "moved"})
    page = rows.text(operator.get(history))
    assert "When (UTC)" in page
    assert f"{clock.now():%Y-%m-%d}" in page


def test_an_empty_list_says_what_can_be_searched_for(operator: Client) -> None:
    assert "No notification has been made." in rows.text(operator.get(f"{URL}notification/"))
    page = rows.text(operator.get(f"{URL}notification/?q=nothing"))
    assert "No notification is found by “nothing”." in page
    assert "idempotency key" in page


def test_who_is_erased_is_named_before_it_happens(operator: Client) -> None:
    notification = notify("receipt", to="ada@example.com", context={"name": "Ada"})
    page = rows.text(operator.get(f"{URL}notification/{notification.pk}/erase/"))
    assert "receipt to ada@example.com (email)" in page


def test_an_entry_that_is_taken_off_is_told_by_its_hash_and_reason(operator: Client) -> None:
    suppress("email", "ada@example.com", reason="complaint")
    entry = Suppression.objects.get()
    page = rows.text(operator.get(f"{URL}suppression/{entry.pk}/lift/"))
    assert f"{entry.address_hash[:12]}… (email): complaint" in page


def test_a_broadcast_and_its_messages_lead_to_each_other(operator: Client) -> None:
    people = [Receiver(to="ada@example.com", context={"name": "Ada"})]
    broadcast = create_broadcast("may", "receipt", people)
    testing.run_due()
    page = rows.text(operator.get(f"{URL}broadcast/{broadcast.pk}/change/"))
    messages = f"{URL}notification/?q=broadcast-{broadcast.pk}"
    assert messages in page
    assert "ada@example.com" in rows.text(operator.get(messages))
    notification = broadcast.notifications.get()
    page = rows.text(operator.get(f"{URL}notification/{notification.pk}/change/"))
    assert f"{URL}broadcast/{broadcast.pk}/change/" in page


def test_a_delivery_that_failed_leads_to_its_dead_letter(operator: Client) -> None:
    endpoint = register_endpoint("merchant-7", "https://hooks.example.com/in")
    publish_template("paid", channel="webhook", text='{"paid": 1}')
    notify("paid", to=endpoint)
    letter = rows.dead_letter()
    delivery = Delivery.objects.create(
        notification=endpoint.notifications.get(),
        endpoint=endpoint,
        channel="webhook",
        address=endpoint.url,
        state="failed",
        message_id="m-1",
        created_at=clock.now(),
        finished_at=clock.now(),
    )
    DeliveryAttempt.objects.create(
        delivery=delivery,
        number=1,
        task_id=letter.task_id,
        outcome="permanent",
        started_at=clock.now(),
    )
    page = rows.text(operator.get(f"{URL}delivery/{delivery.pk}/change/"))
    assert f"/admin/tasks_core/deadletter/{letter.pk}/change/" in page
    assert f"{URL}endpoint/{endpoint.pk}/change/" in page
    assert "Failed for good" in page


def test_an_endpoint_leads_to_its_deliveries(operator: Client) -> None:
    publish_template("paid", channel="webhook", text='{"paid": 1}')
    for name in ("mine", "other"):
        endpoint = register_endpoint(name, f"https://hooks.example.com/{name}")
        disable_endpoint(endpoint.pk, reason="moved")
        notify("paid", to=endpoint)
    testing.run_due()
    url = f"{URL}delivery/?endpoint__id__exact={endpoint.pk}"
    assert url in rows.text(operator.get(f"{URL}endpoint/{endpoint.pk}/change/"))
    page = rows.text(operator.get(url))
    assert "hooks.example.com/other" in page
    assert "hooks.example.com/mine" not in page


def test_a_lane_is_not_called_open_while_its_endpoint_is_off(operator: Client) -> None:
    endpoint = register_endpoint("merchant-7", "https://hooks.example.com/in")
    lane = EndpointLane.objects.create(
        endpoint=endpoint, breaker="open", breaker_until=clock.now() - timedelta(seconds=1)
    )
    page = rows.text(operator.get(f"{URL}endpoint/{endpoint.pk}/change/"))
    assert "the next message, which is a probe" in page
    EndpointLane.objects.filter(pk=lane.pk).update(breaker="closed")
    disable_endpoint(endpoint.pk, reason="moved")
    assert "Open to all" not in rows.text(operator.get(f"{URL}endpoint/{endpoint.pk}/change/"))


def test_limits_have_names_and_spans_for_people(operator: Client) -> None:
    notify(
        "receipt",
        to="ada@example.com",
        secret_context={"name": "918273"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
    )
    page = rows.text(operator.get(f"{URL}limitcounter/"))
    assert "Codes to one receiver" in page
    assert "in 10 min" in page


def spent(used: int) -> LimitCounter:
    now = clock.now()
    return LimitCounter.objects.create(
        name="sms_spend", subject="*", seconds=3600, window_start=now, ends_at=now, used=used, most=10**9
    )  # fmt: skip


@pytest.mark.parametrize(
    ("currency", "words"),
    [
        ("EUR", "1,250.08 EUR of 1,000.00 EUR"),
        ("JPY", "1,251 JPY of 1,000 JPY"),
        ("", "1,250.08 of 1,000.00"),
    ],
)
def test_money_is_shown_with_its_currency(
    operator: Client, settings: Settings, currency: str, words: str
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "CURRENCY": currency}
    row = spent(1_250_075_000)
    assert f">{words}<" in rows.text(operator.get(f"{URL}limitcounter/"))
    assert words in rows.text(operator.get(f"{URL}limitcounter/{row.pk}/change/"))


def test_every_list_says_what_its_rows_are(operator: Client) -> None:
    for model, shown in admin.site._registry.items():
        if model._meta.app_label in ("tasks_core", "notifications"):
            said = getattr(shown, "explanation", "")
            assert said.endswith("."), model
            name = f"{model._meta.app_label}/{model._meta.model_name}"
            page = unescape(rows.text(operator.get(f"/admin/{name}/")))
            assert f'<p class="br-explanation">{said}</p>' in page, model


@pytest.mark.parametrize(
    ("model", "title"),
    [
        ("notifications/limitcounter", "Limits"),
        ("notifications/triggerevent", "Scheduled events"),
        ("notifications/suppression", "Suppressed addresses"),
        ("tasks_core/eventsubscription", "Subscribers"),
    ],
)
def test_a_list_has_the_name_that_the_menu_gives_it(
    operator: Client, model: str, title: str
) -> None:
    page = rows.text(operator.get(f"/admin/{model}/"))
    [heading] = re.findall(r"<h1.*?</h1>", page, re.DOTALL)
    assert strip_tags(heading).strip() == title


def test_secret_variables_of_what_has_ended_are_said_to_be_gone(operator: Client) -> None:
    notification = notify(
        "receipt",
        to="ada@example.com",
        secret_context={"name": "918273"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
    )
    url = f"{URL}notification/{notification.pk}/change/"
    assert "wiped when it ends" in rows.text(operator.get(url))
    testing.run_due()
    assert "They were wiped when it ended" in rows.text(operator.get(url))
