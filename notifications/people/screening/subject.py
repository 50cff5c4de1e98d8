"""What is asked about: a message and whoever gets it, loaded with one statement for many."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from tasks_core.database import fetch_often
from tasks_core.engine.json_text import UnreadText, stored_json

_COLUMNS = """
n.id, {place}.channel, {place}.address, n.category, n.critical, n.condition, n.condition_args::text,
n.recipient_id, r.timezone, r.quiet_hours, n.expires_at, n.held_until IS NOT NULL, n.is_secret
"""

# Webhooks that nobody in particular gets have nothing to ask about: an endpoint is switched off instead.
_ASKED = "(n.recipient_id IS NOT NULL OR n.condition <> '' OR {place}.endpoint_id IS NULL)"

_OF_NOTIFICATIONS = f"""
SELECT n.id, {_COLUMNS.format(place="n")}
FROM notifications_notification n
LEFT JOIN notifications_recipient r ON r.id = n.recipient_id
WHERE n.id = ANY(%(ids)s::bigint[]) AND n.state = 'accepted' AND {_ASKED.format(place="n")}
"""  # noqa: S608  (no outside text)

_OF_DELIVERIES = f"""
SELECT d.id, {_COLUMNS.format(place="d")}
FROM notifications_delivery d
JOIN notifications_notification n ON n.id = d.notification_id
LEFT JOIN notifications_recipient r ON r.id = n.recipient_id
WHERE d.id = ANY(%(ids)s::bigint[]) AND {_ASKED.format(place="d")}
  AND d.state IN ('rendered', 'sending', 'failed') AND n.state IN ('in_progress', 'failed')
"""  # noqa: S608


class Subject(NamedTuple):
    """One message."""

    notification_id: int
    channel: str
    address: str
    category: str
    critical: bool
    condition: str
    condition_args: dict[str, Any] | UnreadText
    recipient_id: int | None
    timezone: str
    quiet_hours: str
    expires_at: datetime | None
    was_held: bool
    is_secret: bool


def of_notifications(ids: Sequence[int]) -> dict[int, Subject]:
    """Load accepted notifications by id."""
    return _load(_OF_NOTIFICATIONS, ids)


def of_deliveries(ids: Sequence[int]) -> dict[int, Subject]:
    """Load deliveries that may be sent, by id."""
    return _load(_OF_DELIVERIES, ids)


def _load(statement: str, ids: Sequence[int]) -> dict[int, Subject]:
    if not ids:
        return {}
    rows = fetch_often(statement, {"ids": list(ids)})
    return {row[0]: _subject(row[1:]) for row in rows}


def _subject(row: tuple[Any, ...]) -> Subject:
    loaded = Subject(*row)
    return loaded._replace(
        condition_args=stored_json(row[6]),
        timezone=loaded.timezone or "",
        quiet_hours=loaded.quiet_hours or "",
    )
