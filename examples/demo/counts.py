"""What the database says of the notifications of one run."""

from dataclasses import dataclass
from typing import Any

from django.db import connection

STATES = ("waiting", "sending", "retrying", "delivered", "expired", "dead")

_PROGRESS = """
SELECT category, step, count(*) FROM (
    SELECT n.category,
        CASE WHEN n.state = 'sent' THEN 'delivered'
             WHEN n.state = 'failed' THEN 'dead'
             WHEN n.state IN ('expired', 'cancelled') THEN n.state
             WHEN d.state = 'sending' AND d.error <> '' THEN 'retrying'
             WHEN d.state = 'sending' THEN 'sending'
             ELSE 'waiting' END AS step
    FROM notifications_notification n
    LEFT JOIN notifications_delivery d ON d.notification_id = n.id
    WHERE n.idempotency_key LIKE %(keys)s
) found GROUP BY category, step
"""

_MESSAGES = """
SELECT n.id, n.category, n.state, d.message_id,
    extract(epoch FROM d.sent_at - greatest(n.created_at, n.run_after))::float8,
    a.heard, a.unheard, a.tries, coalesce(dead.letters, 0)
FROM notifications_notification n
LEFT JOIN notifications_delivery d ON d.notification_id = n.id
LEFT JOIN LATERAL (
    SELECT count(*) FILTER (WHERE status_code IS NOT NULL) AS heard,
        count(*) FILTER (WHERE status_code IS NULL AND outcome IN ('ambiguous', '')) AS unheard,
        count(*) AS tries
    FROM notifications_deliveryattempt WHERE delivery_id = d.id
) a ON true
LEFT JOIN (
    SELECT t.idempotency_key, count(*) AS letters
    FROM tasks_core_deadletter l JOIN tasks_core_task t ON t.id = l.task_id GROUP BY 1
) dead ON dead.idempotency_key = 'notification.deliver.' || n.channel || '-' || d.id
WHERE n.idempotency_key LIKE %(keys)s
ORDER BY n.id
"""


@dataclass(frozen=True, slots=True)
class Message:
    """One notification of the run and what became of it.

    Attributes:
        message_id: what the receiver knows it by; None if it never came to a delivery.
        latency: seconds from when it was due until it was sent.
        heard: attempts that the receiver answered.
        unheard: attempts that may have arrived without an answer.
        tries: all attempts.
        dead_letters: how many its delivery task left.
    """

    id: int
    category: str
    state: str
    message_id: str | None
    latency: float | None
    heard: int
    unheard: int
    tries: int
    dead_letters: int


def progress(run: str) -> dict[str, dict[str, int]]:
    """Return how many messages are in which of STATES, by category."""
    found: dict[str, dict[str, int]] = {}
    for category, state, count in _rows(_PROGRESS, run):
        found.setdefault(category, dict.fromkeys(STATES, 0))[state] = count
    return found


def messages(run: str) -> list[Message]:
    """Return all messages of the run."""
    return [Message(*row) for row in _rows(_MESSAGES, run)]


def known_message_ids() -> set[str]:
    """Return the identities of all messages that there are, of whatever run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT message_id FROM notifications_delivery")
        return {row[0] for row in cursor.fetchall()}


def _rows(statement: str, run: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"keys": f"{run}-%"})
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows
