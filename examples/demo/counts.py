"""What the database says of the messages of one run."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

STATES = ("waiting", "sending", "retrying", "sent", "held", "suppressed", "failed", "expired")
UNFINISHED = ("waiting", "sending", "retrying")

# Everything that the run has asked for: by keys that begin with its name, and by its broadcast, its digests,
# and the owner who is told of a dead endpoint.
_OURS = """
WITH ours AS (
    SELECT n.id, n.created_at, n.run_after, coalesce(g.items_count, 1) AS units,
        CASE WHEN n.broadcast_id IS NOT NULL THEN 'newsletter'
             WHEN g.id IS NOT NULL THEN 'digest'
             WHEN n.idempotency_key IS NULL THEN 'notice'
             ELSE substring(n.idempotency_key from '[^-]+$') END AS kind,
        CASE WHEN n.state = 'accepted' AND n.held_until > now() THEN 'held' ELSE n.state END AS state
    FROM notifications_notification n
    LEFT JOIN notifications_broadcast b ON b.id = n.broadcast_id
    LEFT JOIN notifications_digest g ON g.notification_id = n.id
    WHERE n.idempotency_key LIKE %(begins)s OR b.name LIKE %(begins)s OR g.key LIKE %(begins)s
        OR n.address LIKE %(holds)s
)
"""

_PROGRESS = (
    _OURS
    + """
SELECT kind, step, sum(units)::int FROM (
    SELECT n.kind, n.units,
        CASE WHEN n.state NOT IN ('accepted', 'in_progress') THEN n.state
             WHEN d.state = 'sending' AND d.error <> '' THEN 'retrying'
             WHEN d.state = 'sending' THEN 'sending'
             ELSE 'waiting' END AS step
    FROM ours n
    LEFT JOIN LATERAL (
        SELECT state, error FROM notifications_delivery
        WHERE notification_id = n.id ORDER BY id DESC LIMIT 1
    ) d ON true
) found GROUP BY kind, step
"""
)

_MESSAGES = (
    _OURS
    + """
SELECT n.id, n.kind, n.state, n.units,
    extract(epoch FROM d.sent_at - greatest(n.created_at, n.run_after))::float8, d.tries
FROM ours n
LEFT JOIN LATERAL (
    SELECT min(one.sent_at) AS sent_at, coalesce(max(one.attempts), 0) AS tries
    FROM notifications_delivery one WHERE one.notification_id = n.id
) d ON true
ORDER BY n.id
"""
)

_DELIVERIES = (
    _OURS
    + """
SELECT d.id, n.kind, d.channel, d.address,
    CASE WHEN d.channel = 'sms' THEN d.address ELSE d.message_id END, n.id, d.state,
    a.heard, a.unheard, coalesce(dead.letters, 0)
FROM ours n
JOIN notifications_delivery d ON d.notification_id = n.id
CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status_code IS NOT NULL) AS heard,
        count(*) FILTER (WHERE status_code IS NULL AND outcome IN ('ambiguous', '')) AS unheard
    FROM notifications_deliveryattempt WHERE delivery_id = d.id
) a
LEFT JOIN (
    SELECT (t.payload ->> 'delivery')::bigint AS delivery, count(*) AS letters
    FROM tasks_core_deadletter l JOIN tasks_core_task t ON t.id = l.task_id
    WHERE t.payload ? 'delivery' GROUP BY 1
) dead ON dead.delivery = d.id
ORDER BY d.id
"""
)

_KNOWN = """
SELECT CASE WHEN channel = 'sms' THEN address ELSE message_id END FROM notifications_delivery
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One notification of the run and what became of it.

    Attributes:
        state: that of the notification; `held` if it waits for the end of quiet hours.
        units: how much of what was asked for is in it: the items of a digest, else 1.
        latency: seconds from when it was due until it was sent.
        tries: the attempts of the delivery that took most.
    """

    id: int
    kind: str
    state: str
    units: int
    latency: float | None
    tries: int


@dataclass(frozen=True, slots=True)
class Delivery:
    """One way that a notification took.

    Attributes:
        identity: what the receiver knows it by.
        heard: attempts that the receiver answered.
        unheard: attempts that may have arrived without an answer.
        dead_letters: how many its task left.
    """

    id: int
    kind: str
    channel: str
    address: str
    identity: str
    notification: int
    state: str
    heard: int
    unheard: int
    dead_letters: int

    @property
    def is_sent(self) -> bool:
        """Whether a receiver has taken it."""
        return self.state in ("sent", "delivered")


def progress(run: str) -> dict[str, dict[str, int]]:
    """Return how many messages are in which of STATES, by kind."""
    found: dict[str, dict[str, int]] = {}
    for kind, state, count in _rows(_PROGRESS, run):
        found.setdefault(kind, dict.fromkeys(STATES, 0))[state] = count
    return found


def messages(run: str) -> list[Message]:
    """Return all messages of the run."""
    return [Message(*row) for row in _rows(_MESSAGES, run)]


def deliveries(run: str) -> list[Delivery]:
    """Return all deliveries of the run."""
    return [Delivery(*row) for row in _rows(_DELIVERIES, run)]


def known_identities() -> set[str]:
    """Return what receivers may know messages by, of whatever run."""
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN)
        return {row[0] for row in cursor.fetchall()}


def _rows(statement: str, run: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"begins": f"{run}-%", "holds": f"%+{run}@%"})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
