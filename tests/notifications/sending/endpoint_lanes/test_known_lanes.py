"""Deliveries whose lane is known: their task says it, and nothing is looked up before they begin."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.api import Message, disable_endpoint, notify_many
from notifications.channel_api.sendable import NotSendable, Sendable
from notifications.models import Delivery, Endpoint, EndpointLane, TemplateVersion
from notifications.rules.endpoint_lane import EndedAttempt, slot_of
from notifications.rules.outcome import Outcome
from notifications.sending.endpoint_lanes.admission import admit_deliveries
from notifications.sending.endpoint_lanes.places import places
from notifications.sending.endpoint_lanes.release import release
from notifications.sending.pipeline.lanes import Asked, take_turns
from tasks_core import clock
from tasks_core.models import Task

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=10)]


def send(endpoint: Endpoint, count: int = 1, **options: Any) -> list[int]:
    """Send messages; give their deliveries."""
    messages = [
        Message(to=endpoint, context={"id": str(n), "order": {}}, **options) for n in range(count)
    ]
    sent = notify_many("payment.settled", messages)
    return list(
        Delivery.objects.filter(notification__in=sent).order_by("pk").values_list("pk", flat=True)
    )


def asked(delivery_ids: list[int], endpoint: Endpoint) -> list[Asked]:
    return [Asked(pk, pk, endpoint.pk) for pk in delivery_ids]


@pytest.mark.parametrize(("options", "is_known"), [({}, True), ({"order_key": "order-7"}, False)])
def test_a_task_knows_the_lane_unless_something_else_can_hold_its_message_back(
    paid: TemplateVersion, endpoint: Endpoint, options: dict[str, Any], is_known: bool
) -> None:
    [delivery_id] = send(endpoint, **options)
    lane = endpoint.pk if is_known else None
    assert Task.objects.get().payload == {"delivery": delivery_id, "lane": lane}


def test_what_is_known_is_not_looked_up(paid: TemplateVersion, endpoint: Endpoint) -> None:
    known, unknown = send(endpoint, 2)
    admit_deliveries({unknown: 1})  # so that the lane is there
    counts = []
    for delivery_id, lanes in ((unknown, {}), (known, {known: endpoint.pk})):
        with CaptureQueriesContext(connection) as queries:
            admitted = admit_deliveries({delivery_id: 1}, lanes=lanes)
        assert (admitted.free, admitted.waits) == ({delivery_id}, {})
        assert admitted.endpoints == {delivery_id: endpoint.pk}
        counts.append(len(queries))
    assert counts[0] - counts[1] == 1


def test_a_full_lane_lets_no_more_begin(paid: TemplateVersion, endpoint: Endpoint) -> None:
    Endpoint.objects.update(max_concurrency=2)
    found = take_turns(asked(send(endpoint, 3), endpoint))
    assert [type(one) for one in found] == [Sendable, Sendable, NotSendable]
    assert Delivery.objects.filter(parked_for="lane").count() == 1


def test_what_goes_to_a_disabled_endpoint_needs_no_room(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    Endpoint.objects.update(max_concurrency=1)
    first, second = send(endpoint, 2)
    take_turns(asked([first], endpoint))
    disable_endpoint(endpoint.pk, reason="the shop has closed")
    [found] = take_turns(asked([second], endpoint))
    assert isinstance(found, Sendable)
    assert found.receiver is not None
    assert not found.receiver.enabled  # the channel fails it
    assert not Delivery.objects.filter(parked_for="lane").exists()
    assert sum(EndpointLane.objects.get().taken.values()) == 1


def test_what_goes_to_an_endpoint_that_is_gone_is_told_so(endpoint: Endpoint) -> None:
    [found] = take_turns([Asked(404, 1, endpoint.pk + 1)])
    assert isinstance(found, NotSendable)
    assert found.refusal == "the delivery is gone"


def test_a_delivery_that_has_ended_gives_its_place_back(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    [delivery_id] = send(endpoint)
    Delivery.objects.update(state="cancelled", finished_at=clock.now())
    [found] = take_turns(asked([delivery_id], endpoint))
    assert isinstance(found, NotSendable)
    assert EndpointLane.objects.get().taken == {}


def test_a_place_that_changes_hands_needs_no_statement(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    first, second = send(endpoint, 2)
    now = clock.now()
    with clock.frozen(now):
        admit_deliveries({first: 1}, lanes={first: endpoint.pk})
        success = EndedAttempt(slot=slot_of(now), outcome=Outcome.SUCCESS)
        with CaptureQueriesContext(connection) as queries:
            admitted = admit_deliveries(
                {second: 2}, {endpoint.pk: [success]}, lanes={second: endpoint.pk}
            )
        release({endpoint.pk: [success]})
    assert admitted.waits == {}
    assert len(queries) == 0
    assert not places.keeps_some
