"""How far the subscribers of events have come."""

from collections.abc import Iterator

from prometheus_client.core import Metric

from tasks_core.database import fetch
from tasks_core.events.subscription import BUILT_IN, subscriptions
from tasks_core.metrics.families import gauges
from tasks_core.metrics.labels import Labels

# The oldest event behind the cursor: one probe of an index for each.
SELECT = """
SELECT name, state, GREATEST(extract(epoch FROM clock_timestamp() - following.at), 0)::float8
FROM tasks_core_eventsubscription cursor
LEFT JOIN LATERAL (
    SELECT at FROM tasks_core_taskevent WHERE id > GREATEST(cursor.floor, cursor.after)
    ORDER BY id LIMIT 1
) following ON true
ORDER BY cursor.id
"""


def collect() -> Iterator[Metric]:
    """Yield lag and state of each."""
    rows = fetch(SELECT, {})
    labels = Labels({*BUILT_IN, *subscriptions()}, (row[0] for row in rows))
    lags: dict[tuple[str, ...], float] = {}
    parked: dict[tuple[str, ...], float] = {}
    for name, state, lag in rows:
        key = (labels.of(name),)
        lags[key] = max(lags.get(key, 0.0), lag or 0.0)
        parked[key] = max(parked.get(key, 0), state == "parked")
    yield gauges(
        "event_subscription_lag_seconds",
        "Age of the oldest event that a subscriber has not got yet; 0 if it has all",
        ("subscription",),
        lags,
    )
    yield gauges(
        "event_subscription_parked",
        "Whether a subscriber was given up after too many failures",
        ("subscription",),
        parked,
    )
