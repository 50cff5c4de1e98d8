"""What `/metrics` tells of notifications."""

from collections import Counter
from collections.abc import Iterator

from django.db.models import Count
from prometheus_client.core import Metric

from notifications.channels.registry import CHANNELS
from notifications.models import Delivery, Endpoint
from notifications.states import DELIVERY_UNFINISHED
from tasks_core.metrics.families import gauges
from tasks_core.metrics.parts import add_metrics

MOST = 10_000
"""Counting ends here: a scrape must be quick."""

STATES = {True: "closed", False: "open"}


def register() -> None:
    """Add this part to the metrics."""
    add_metrics("notifications", collect)


def collect() -> Iterator[Metric]:
    """Yield what is on its way, how many endpoints get messages, and how many are cut off."""
    under_way = Delivery.objects.unfinished().order_by().values_list("channel", "state")[:MOST]
    found = Counter(under_way)
    yield gauges(
        "notification_deliveries_unfinished",
        f"Deliveries that may still be sent, counted up to {MOST:,}",
        ("channel", "state"),
        {
            (channel, state.value): found[channel, state]
            for channel in CHANNELS
            for state in DELIVERY_UNFINISHED
        },
    )
    endpoints = dict(Endpoint.objects.order_by().values_list("enabled").annotate(Count("id")))
    yield gauges(
        "breakers",
        "Breakers by what they guard: closed lets work through, open holds it back",
        ("kind", "state"),
        {("endpoint", state): endpoints.get(enabled, 0) for enabled, state in STATES.items()},
    )
