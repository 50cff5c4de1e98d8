"""What `/metrics` tells of notifications."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Sum
from prometheus_client.core import CounterMetricFamily, Metric

from notifications.channel_api.registry import CHANNELS
from notifications.models import DeliveryTotal
from notifications.oldest_due import oldest_due
from notifications.rules.outcome import Outcome
from notifications.sending.endpoint_lanes.states import (
    COUNTED,
    endpoint_lane_states,
    parked_deliveries,
)
from notifications.sending.providers.states import provider_states
from notifications.states import DELIVERY_UNFINISHED
from tasks_core import clock
from tasks_core.database import fetch
from tasks_core.metrics.families import gauge, gauges
from tasks_core.metrics.labels import OTHER
from tasks_core.metrics.parts import add_metrics

MOST = 10_000
"""Counting ends here: a scrape must be quick."""

# Each channel is counted for itself, so that no other one's crowd makes it look empty.
_UNDER_WAY = """
SELECT c.channel, d.state, count(*)
FROM unnest(%(channels)s::text[]) AS c (channel)
CROSS JOIN LATERAL (
    SELECT state FROM notifications_delivery
    WHERE channel = c.channel AND finished_at IS NULL LIMIT %(most)s
) AS d
GROUP BY 1, 2
"""


def register() -> None:
    """Add this part to the metrics."""
    add_metrics("notifications", collect)


def collect() -> Iterator[Metric]:
    """Yield what has ended and how, what is on its way and since when, and who is cut off."""
    yield _attempts()
    yield _under_way()
    yield _lateness()
    yield gauge(
        "notification_deliveries_parked",
        f"Deliveries that wait for room in the lanes of their endpoints, counted up to {COUNTED:,}",
        parked_deliveries(),
    )
    states = {"endpoint": endpoint_lane_states(), "provider": provider_states()}
    yield gauges(
        "breakers",
        "Endpoints and providers by what gets through to them: closed is all, open nothing",
        ("kind", "state"),
        {(kind, state): count for kind, found in states.items() for state, count in found.items()},
    )


def _attempts() -> Metric:
    counted = DeliveryTotal.objects.order_by().values_list("channel", "outcome")
    totals: Counter[tuple[str, str]] = Counter()
    for channel, outcome, count in counted.annotate(Sum("count")):
        totals[channel if channel in CHANNELS else OTHER, outcome] += count
    family = CounterMetricFamily(
        "notification_delivery_attempts",
        "Attempts to deliver that have ended, by what came of them",
        labels=["channel", "outcome"],
    )
    for channel in (*CHANNELS, OTHER):
        for outcome in Outcome:
            family.add_metric([channel, outcome.value], totals[channel, outcome.value])
    return family


def _under_way() -> Metric:
    rows = fetch(_UNDER_WAY, {"channels": list(CHANNELS), "most": MOST})
    found = {(channel, state): count for channel, state, count in rows}
    return gauges(
        "notification_deliveries_unfinished",
        f"Deliveries that may still be sent, counted up to {MOST:,} of each channel",
        ("channel", "state"),
        {
            (channel, state.value): found.get((channel, state.value), 0)
            for channel in CHANNELS
            for state in DELIVERY_UNFINISHED
        },
    )


def _lateness() -> Metric:
    now, oldest = clock.now(), oldest_due()
    return gauges(
        "notification_oldest_due_age_seconds",
        "For how long the oldest delivery that has not ended has been due",
        ("channel",),
        {
            (channel,): (now - oldest[channel]).total_seconds() if channel in oldest else 0.0
            for channel in CHANNELS
        },
    )
