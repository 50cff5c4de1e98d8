"""What operators are told of messages: what left, what failed, who is cut off, what is late."""

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications import metrics
from notifications.api import (
    Message,
    disable_endpoint,
    enable_provider,
    notify,
    notify_many,
    register_endpoint,
)
from notifications.channel_api.registry import CHANNELS
from notifications.metrics import collect
from notifications.models import Delivery, DeliveryTotal, Endpoint, EndpointLane, TemplateVersion
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.pipeline.counting import COUNT, shard
from notifications.sending.providers.admission import Seen, note_each
from tasks_core import clock
from tasks_core.database import fetch_often
from tasks_core.testing import run_due
from tests.notifications.sending.conftest import add_gateway
from tests.support.receiver import Receiver, Reply
from tests.support.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)

FAILED = SendResult(outcome=Outcome.TRANSIENT, error="the gateway answered 503")


def told(name: str) -> dict[tuple[str, ...], float]:
    """Return the values of one metric, by its labels, without those that are 0."""
    [family] = [one for one in collect() if one.name == name]
    values = {tuple(one.labels.values()): one.value for one in family.samples}
    return {labels: value for labels, value in values.items() if value}


def send(endpoint: Endpoint, count: int = 1) -> None:
    notify_many(
        "payment.settled",
        [Message(to=endpoint, context={"id": str(n), "order": {}}) for n in range(count)],
    )


def test_each_attempt_counts_once_by_channel_and_outcome(
    paid: TemplateVersion, receipt: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(500), Reply(404), Reply(429))
    send(endpoint, 3)
    notify("receipt", to="ada@example.com", context={"number": 1, "name": "Ada", "amount": "1"})
    run_due()
    with clock.frozen(clock.now() + timedelta(hours=1)):
        run_due()
    assert len(mail.outbox) == 1
    assert told("notification_delivery_attempts") == {
        ("webhook", "transient"): 1,
        ("webhook", "permanent"): 1,
        ("webhook", "throttled"): 1,
        ("webhook", "success"): 2,
        ("email", "success"): 1,
    }


def test_workers_that_count_at_the_same_time_lose_nothing(db: None) -> None:
    pairs = [("sms", Outcome.SUCCESS), ("email", Outcome.TRANSIENT), ("sms", Outcome.PERMANENT)]
    ended = (
        "SELECT * FROM unnest(%(channels)s::text[], %(outcomes)s::text[]) AS r (channel, outcome)"
    )
    statement = f"WITH counting AS ({ended}), counted AS ({COUNT}) SELECT"

    def count(number: int) -> None:
        channels, outcomes = zip(*(pairs if number % 2 else pairs[::-1]), strict=True)
        parameters = {"channels": list(channels), "outcomes": [str(o.value) for o in outcomes]}
        for _ in range(50):
            fetch_often(statement, {"shard": shard(), **parameters})

    at_once(6, count)
    assert set(told("notification_delivery_attempts").values()) == {300}


def test_channels_that_are_gone_share_a_label(db: None) -> None:
    for number, channel in enumerate(("pigeon", "smoke", "sms")):
        DeliveryTotal.objects.create(channel=channel, outcome="success", shard=number, count=2)
    assert told("notification_delivery_attempts") == {
        ("other", "success"): 4,
        ("sms", "success"): 2,
    }


def test_endpoints_and_providers_are_counted_by_what_gets_through(receiver: Receiver) -> None:
    ends = [register_endpoint(f"merchant-{n}", f"{receiver.url}{n}") for n in range(5)]
    later = clock.now() + timedelta(minutes=1)
    facts: list[dict[str, Any]] = [
        {"breaker": "open"},
        {"breaker": "half_open"},
        {"paused_until": later},
    ]
    for endpoint, fact in zip(ends, facts, strict=False):
        EndpointLane.objects.create(endpoint=endpoint, **fact)
    disable_endpoint(ends[3].pk, reason="test")
    gateways = [add_gateway(receiver, name=f"sms-{n}") for n in range(4)]
    note_each([Seen(gateways[0].pk, FAILED)] * 5)
    note_each([Seen(gateways[1].pk, SendResult(outcome=Outcome.THROTTLED, retry_after=60.0))])
    enable_provider("sms-2", on=False)
    assert told("breakers") == {
        ("endpoint", "closed"): 1,
        ("endpoint", "open"): 1,
        ("endpoint", "half_open"): 1,
        ("endpoint", "paused"): 1,
        ("endpoint", "disabled"): 1,
        ("provider", "closed"): 1,
        ("provider", "open"): 1,
        ("provider", "paused"): 1,
        ("provider", "disabled"): 1,
    }


def test_lateness_is_that_of_the_oldest_delivery_that_is_not_parked(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    Endpoint.objects.update(rate_limit=None, max_concurrency=1, breaker_threshold=1)
    receiver.plan(Reply(500))
    begin = clock.now()
    with clock.frozen(begin):
        send(endpoint, 3)
        run_due()
    assert told("notification_deliveries_parked") == {(): 2}
    with clock.frozen(begin + timedelta(seconds=90)):
        assert told("notification_oldest_due_age_seconds") == {("webhook",): 90}
        Delivery.objects.exclude(parked_for="lane").update(state="failed", finished_at=begin)
        assert told("notification_oldest_due_age_seconds") == {}


def test_one_channels_crowd_makes_no_other_look_empty(
    receipt: TemplateVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "MOST", 3)
    now = clock.now()
    made = notify("receipt", to="a@example.com", context={"number": 1, "name": "A", "amount": "1"})
    Delivery.objects.bulk_create(
        Delivery(notification=made, channel=channel, address="x", message_id=str(n), created_at=now)
        for n, channel in enumerate(["email"] * 5 + ["sms"])
    )
    counted: Counter[str] = Counter()
    for (channel, _), count in told("notification_deliveries_unfinished").items():
        counted[channel] += int(count)  # which three of the crowd are counted is not said
    assert counted == {"email": 3, "sms": 1}


def test_a_message_for_later_is_not_late(receipt: TemplateVersion) -> None:
    notify(
        "receipt",
        to="ada@example.com",
        context={"number": 1, "name": "Ada", "amount": "1"},
        run_after=clock.now() + timedelta(hours=1),
    )
    run_due()
    assert told("notification_oldest_due_age_seconds") == {}


def test_a_scrape_asks_a_fixed_number_of_questions_and_gives_a_fixed_number_of_series(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    def scraped() -> tuple[int, int]:
        with CaptureQueriesContext(
            connection,
        ) as asked:
            series = sum(len(family.samples) for family in collect())
        return len(asked), series

    before = scraped()
    receiver.plan(*[Reply(500)] * 20)
    for n in range(20):
        send(register_endpoint(f"merchant-{n}", f"{receiver.url}{n}"))
    run_due()
    assert scraped() == before
    assert before[1] < 30 * len(CHANNELS)
