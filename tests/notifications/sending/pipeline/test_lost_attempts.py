"""An attempt whose worker was lost stays on record, as one that may have arrived."""

import pytest

from notifications.api import notify
from notifications.channel_api.sendable import Sendable
from notifications.models import Delivery, DeliveryAttempt, Endpoint, TemplateVersion
from notifications.sending.pipeline.begin import begin

pytestmark = pytest.mark.django_db


def test_the_next_attempt_says_that_the_one_before_it_was_lost(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    notify("payment.settled", to=endpoint, context={"id": "1", "order": {}})
    delivery_id = Delivery.objects.get().pk
    for number in (1, 2):  # nothing is recorded of the first: its worker is gone
        [found] = begin({delivery_id: 1}).values()
        assert isinstance(found, Sendable)
        assert found.number == number
    lost, under_way = DeliveryAttempt.objects.order_by("number")
    assert lost.outcome == "ambiguous"
    assert "the worker was lost" in lost.error
    assert lost.finished_at is not None
    assert (under_way.outcome, under_way.finished_at) == ("", None)
