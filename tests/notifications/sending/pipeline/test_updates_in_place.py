"""What the indexes of deliveries cost, and that they still find what they are for."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client

from notifications.api import Message, notify_many
from notifications.models import Delivery, Endpoint, TemplateVersion
from notifications.sending.pipeline.begin import begin
from notifications.states import DELIVERY_UNFINISHED, DELIVERY_UNSUCCESSFUL, DeliveryState
from tasks_core import clock

pytestmark = pytest.mark.django_db

FILL = """
INSERT INTO notifications_delivery
    (notification_id, channel, address, endpoint_id, state, message_id, created_at, finished_at,
     subject, text, html, attempts, throttled, provider_message_id, error, parked_for)
SELECT notification_id, channel, address, endpoint_id, 'sent', 'copy-' || i, created_at, created_at,
       '', '', '', 1, 0, '', '', ''
FROM notifications_delivery, generate_series(1, 5000) AS i WHERE id = %s
"""


def send(endpoint: Endpoint, count: int) -> list[Delivery]:
    messages = [Message(to=endpoint, context={"id": str(n), "order": {}}) for n in range(count)]
    notify_many("payment.settled", messages)
    return list(Delivery.objects.order_by("pk"))


def changed() -> tuple[int, int]:
    """Count this transaction's updates of deliveries, and those of them that touched no index."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_stat_get_xact_tuples_updated(t), pg_stat_get_xact_tuples_hot_updated(t) "
            "FROM CAST('notifications_delivery'::regclass AS oid) AS t"
        )
        updated, in_place = cursor.fetchone()
    return updated, in_place


def test_the_beginning_of_an_attempt_touches_no_index(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    deliveries = send(endpoint, 40)
    updated, in_place = changed()
    begin({one.pk: one.pk for one in deliveries})
    assert changed() == (updated + 40, in_place + 40)


@pytest.mark.parametrize("state", DeliveryState)
def test_the_list_of_deliveries_by_state_is_found_by_an_index(
    paid: TemplateVersion, endpoint: Endpoint, admin_client: Client, state: DeliveryState
) -> None:
    [delivery] = send(endpoint, 1)
    finished_at = None if state in DELIVERY_UNFINISHED else clock.now()
    Delivery.objects.filter(pk=delivery.pk).update(state=state, finished_at=finished_at)
    with connection.cursor() as cursor:
        cursor.execute(FILL, [delivery.pk])
        cursor.execute("ANALYZE notifications_delivery")
    page = admin_client.get("/admin/notifications/delivery/", {"state__exact": state.value})
    found = page.context["cl"].queryset
    assert delivery in found
    if state in DELIVERY_UNFINISHED:
        assert "notifications_delivery_oldest" in found.order_by().explain()
    if state in DELIVERY_UNSUCCESSFUL:
        assert "notifications_delivery_state" in found.order_by().explain()


@pytest.mark.parametrize("state", DeliveryState)
def test_a_delivery_has_an_end_exactly_if_its_state_is_one(
    paid: TemplateVersion, endpoint: Endpoint, state: DeliveryState
) -> None:
    [delivery] = send(endpoint, 1)
    row = Delivery.objects.filter(pk=delivery.pk)
    is_open = state in DELIVERY_UNFINISHED
    row.update(state=state, finished_at=None if is_open else clock.now())
    wrong = clock.now() if is_open else None
    with (
        pytest.raises(IntegrityError, match="notifications_delivery_finished"),
        transaction.atomic(),
    ):
        row.update(finished_at=wrong)
    delivery.refresh_from_db()
    expected = state if state in DELIVERY_UNSUCCESSFUL else None
    assert delivery.unsuccessful_state == expected
