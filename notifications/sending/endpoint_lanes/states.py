"""How the lanes are: counts for metrics."""

from tasks_core import clock, database

STATES = ("closed", "open", "half_open", "paused", "disabled")

_COUNTS = """
SELECT CASE WHEN NOT e.enabled THEN 'disabled'
            WHEN l.paused_until > %(now)s THEN 'paused'
            ELSE coalesce(l.breaker, 'closed') END AS state,
       count(*)
FROM notifications_endpoint e LEFT JOIN notifications_endpointlane l ON l.endpoint_id = e.id
GROUP BY 1
"""

COUNTED = 10_000

_PARKED = """
SELECT count(*) FROM (
    SELECT FROM notifications_delivery
    WHERE parked_for = 'lane' AND finished_at IS NULL
    LIMIT %s
) AS parked
"""


def endpoint_lane_states() -> dict[str, int]:
    """Count endpoints by the state of their lanes; each of ``STATES`` is there, if only with 0.

    ``closed`` is how they should be; ``open`` and ``half_open`` are those that keep failing, ``paused``
    those that asked for it.
    """
    with database.connection().cursor() as cursor:
        cursor.execute(_COUNTS, {"now": clock.now()})
        return {**dict.fromkeys(STATES, 0), **dict(cursor.fetchall())}


def parked_deliveries() -> int:
    """Count the deliveries that wait for room in their lanes, up to 10,000."""
    with database.connection().cursor() as cursor:
        cursor.execute(_PARKED, [COUNTED])
        count: int = cursor.fetchone()[0]
    return count
