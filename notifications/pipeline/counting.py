"""Count attempts that have ended, once each: in the transaction that records them."""

import os
from collections import Counter
from collections.abc import Iterable

from django.db import connection

from notifications.channels.outcome import Outcome

SHARDS = 16
"""Rows for each total: processes that count at the same time seldom wait for each other."""

# In one order everywhere, and as the last statement of its transaction, so that nobody who waits here holds
# up another for long, and no two wait for each other.
_COUNT = """
INSERT INTO notifications_deliverytotal AS t (channel, outcome, shard, count)
SELECT channel, outcome, %(shard)s, count
FROM unnest(%(channels)s::text[], %(outcomes)s::text[], %(counts)s::bigint[])
     AS r (channel, outcome, count)
ORDER BY channel, outcome
ON CONFLICT (channel, outcome, shard) DO UPDATE SET count = t.count + EXCLUDED.count
"""


def count_attempts(ended: Iterable[tuple[str, Outcome]]) -> None:
    """Add attempts, given by channel and outcome, to the totals."""
    counts = Counter(ended)
    if not counts:
        return
    keys = list(counts)
    with connection.cursor() as cursor:
        cursor.execute(
            _COUNT,
            {
                "shard": os.getpid() % SHARDS,
                "channels": [channel for channel, _ in keys],
                "outcomes": [outcome.value for _, outcome in keys],
                "counts": [counts[key] for key in keys],
            },
        )
