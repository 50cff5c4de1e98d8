"""What the gateway makes of an event."""

import pytest
from django.db import transaction

from examples.payments.event import Event
from examples.payments.gateway import Gateway
from examples.payments.templates import publish_templates
from notifications.models import Notification, TemplateVersion
from tasks_core.models import Task


def event(kind: str, **more: object) -> Event:
    return Event.model_validate(
        {
            "id": "evt_1",
            "type": kind,
            "created": "2026-11-20T09:00:00Z",
            "merchant": "aurora-bikes",
            "payment": {
                "id": "pay_1",
                "amount": 123456,
                "currency": "EUR",
                "description": "Helmet, size M",
                "card": "Visa •••• 4242",
            },
            "customer": {"name": "Ada Lind", "email": "ada.lind@example.com"},
            **more,
        }
    )


def code_event(valid_for: float) -> Event:
    return event("payment.authentication_requested", challenge={"valid_for": valid_for})


def test_a_payment_tells_customer_and_merchant(gateway: Gateway) -> None:
    announced = gateway.announce(event("payment.succeeded"))
    found = Notification.objects.filter(pk__in=announced.notifications)
    assert {(one.category, one.address) for one in found} == {
        ("receipt", "ada.lind@example.com"),
        ("webhook", "http://127.0.0.1:9/aurora-bikes"),
    }
    assert found.get(category="receipt").context["amount"] == "1234.56"


def test_the_same_event_announced_again_is_announced_once(gateway: Gateway) -> None:
    first = gateway.announce(event("payment.refunded", reason="damaged in transit"))
    again = gateway.announce(event("payment.refunded", reason="damaged in transit"))
    assert first == again
    assert Notification.objects.count() == Task.objects.count() == 1


def test_nothing_is_left_of_an_event_whose_transaction_fails(gateway: Gateway) -> None:
    with transaction.atomic():
        gateway.announce(event("payment.succeeded"))
        transaction.set_rollback(True)
    assert not Notification.objects.exists()
    assert not Task.objects.exists()


def test_a_code_is_kept_sealed_and_urgent(gateway: Gateway) -> None:
    announced = gateway.announce(code_event(300))
    notification = Notification.objects.get(pk=announced.notifications[0])
    assert notification.critical
    assert notification.is_secret
    assert len(announced.code) == 8
    assert announced.code not in f"{notification.context} {notification.secret_context}"
    assert announced.code not in repr(announced)


@pytest.mark.parametrize("valid_for", [0.0, -30.0])
def test_a_code_that_is_too_late_is_not_stored(gateway: Gateway, valid_for: float) -> None:
    announced = gateway.announce(code_event(valid_for))
    assert announced.is_too_late
    assert not announced.notifications
    assert not Notification.objects.exists()


def test_publishing_the_templates_again_changes_nothing(gateway: Gateway) -> None:
    before = TemplateVersion.objects.count()
    publish_templates()
    assert TemplateVersion.objects.count() == before == 5
