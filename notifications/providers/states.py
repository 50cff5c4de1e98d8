"""How the providers are: counts for metrics."""

from __future__ import annotations

from notifications.lanes.states import STATES
from tasks_core import clock, database

_COUNTS = """
SELECT CASE WHEN NOT p.enabled THEN 'disabled'
            WHEN h.paused_until > %(now)s THEN 'paused'
            ELSE coalesce(h.breaker, 'closed') END AS state,
       count(*)
FROM notifications_provider p LEFT JOIN notifications_providerhealth h ON h.provider_id = p.id
GROUP BY 1
"""


def provider_states() -> dict[str, int]:
    """Count providers by state; each of the states that endpoints have is there, if only with 0."""
    with database.connection().cursor() as cursor:
        cursor.execute(_COUNTS, {"now": clock.now()})
        return {**dict.fromkeys(STATES, 0), **dict(cursor.fetchall())}
