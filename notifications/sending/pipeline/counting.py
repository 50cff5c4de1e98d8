"""Count attempts that have ended, once each: in the transaction that records them."""

import os

SHARDS = 16
"""Rows for each total: processes that count at the same time seldom wait for each other."""

# In one order everywhere. It is the last part of the statement that records the attempts, which then
# commits: nobody who waits here holds up another for long, and no two wait for each other.
COUNT = """
    INSERT INTO notifications_deliverytotal AS t (channel, outcome, shard, count)
    SELECT channel, outcome, %(shard)s, count(*) FROM counting GROUP BY channel, outcome
    ORDER BY channel, outcome
    ON CONFLICT (channel, outcome, shard) DO UPDATE SET count = t.count + EXCLUDED.count
"""
"""Adds the attempts of ``counting``, which has their channels and outcomes, to the totals."""


def shard() -> int:
    """Return the shard of this process."""
    return os.getpid() % SHARDS
