"""Count attempts that have ended, once each: in the transaction that records them."""

import os
from collections import Counter
from collections.abc import Iterable
from typing import Any

from notifications.channels.outcome import Outcome

SHARDS = 16
"""Rows for each total: processes that count at the same time seldom wait for each other."""

# In one order everywhere. It is the last part of the statement that records the attempts, which then
# commits: nobody who waits here holds up another for long, and no two wait for each other.
COUNT = """
    INSERT INTO notifications_deliverytotal AS t (channel, outcome, shard, count)
    SELECT channel, outcome, %(shard)s, count
    FROM unnest(%(channels)s::text[], %(outcomes)s::text[], %(counts)s::bigint[])
         AS r (channel, outcome, count)
    ORDER BY channel, outcome
    ON CONFLICT (channel, outcome, shard) DO UPDATE SET count = t.count + EXCLUDED.count
"""
"""Adds attempts to the totals, with the parameters of ``counts``."""


def counts(ended: Iterable[tuple[str, Outcome]]) -> dict[str, Any]:
    """Give attempts, by channel and outcome, as the statement takes them."""
    counted = sorted(Counter(ended).items())
    return {
        "shard": os.getpid() % SHARDS,
        "channels": [channel for (channel, _), _ in counted],
        "outcomes": [outcome.value for (_, outcome), _ in counted],
        "counts": [count for _, count in counted],
    }
