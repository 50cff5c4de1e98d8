"""Announcing events one after the other."""

import pytest

from examples.demo.feeder import EventRefused, Feeder
from examples.payments.event import Event
from examples.payments.gateway import Gateway
from notifications.models import Notification
from tests.examples.test_gateway import event
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def refund(number: int, email: str = "ada@example.com") -> Event:
    customer = {"name": "Ada", "email": email}
    return event("payment.succeeded", customer=customer).model_copy(update={"id": f"evt_{number}"})


def test_events_are_announced_in_their_order(gateway: Gateway) -> None:
    feeder = Feeder(gateway, [refund(1), refund(2)])
    feeder.start()
    feeder.join()
    assert feeder.failure is None
    assert [one.id for one, _ in feeder.announced] == ["evt_1", "evt_2"]
    assert Notification.objects.count() == 4


def test_an_event_that_cannot_be_announced_ends_it_and_is_named(gateway: Gateway) -> None:
    feeder = Feeder(gateway, [refund(1), refund(2, "nonsense"), refund(3)])
    feeder.start()
    feeder.join()
    assert isinstance(feeder.failure, EventRefused)
    assert str(feeder.failure).startswith("evt_2: to: ")
    assert len(feeder.announced) == 1
    assert Notification.objects.count() == 2


def test_it_can_be_stopped_between_two_events(gateway: Gateway) -> None:
    feeder = Feeder(gateway, [refund(number) for number in range(10_000)])
    feeder.start()
    wait_until(lambda: feeder.announced, seconds=10, what="an event is announced")
    feeder.stop()
    assert not feeder.is_alive()
    assert feeder.failure is None
    assert Notification.objects.count() == 2 * len(feeder.announced) < 20_000
