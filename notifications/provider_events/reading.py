"""Read a posted event.

{"type": "bounced", "timestamp": "2026-07-01T09:00:00Z",
 "data": {"message_id": "...", "address": "ada@example.com", "bounce": "hard", "reason": "550 5.1.1"}}
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from notifications.exceptions import InvalidEvent
from notifications.models import EventSource
from notifications.provider_events.report import Report
from notifications.rules.provider_events import Bounce, EventKind
from tasks_core.engine.single_line import is_single_line

LIMITS = {"message_id": 200, "address": 2048, "reason": 200, "bounce": 4}


def read_report(body: bytes, *, source: EventSource, event_id: str, sent_at: datetime) -> Report:
    """Return what a body says.

    Raises:
        InvalidEvent: names the field, and what would be right; never quotes a value.
    """
    document = _document(body)
    data = document.get("data")
    if not isinstance(data, dict):
        raise InvalidEvent("data", "must be an object")
    texts = {name: _text(data, name, limit) for name, limit in LIMITS.items()}
    if not (texts["message_id"] or texts["address"]):
        raise InvalidEvent("data.message_id", "is missing; give it, or data.address")
    return Report(
        source=source.name,
        event_id=event_id,
        kind=_kind(document.get("type")),
        channel=source.channel,
        occurred_at=_occurred_at(document.get("timestamp"), sent_at),
        message_id=texts["message_id"],
        address=texts["address"],
        bounce=_bounce(texts["bounce"]),
        reason=texts["reason"],
    )


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidEvent("body", "is no JSON") from None
    if not isinstance(document, dict):
        raise InvalidEvent("body", "must be a JSON object")
    return document


def _kind(value: object) -> EventKind:
    try:
        return EventKind(str(value))
    except ValueError:
        listed = ", ".join(kind.value for kind in EventKind)
        raise InvalidEvent("type", f"must be one of {listed}") from None


def _bounce(value: str) -> Bounce | None:
    if not value:
        return None
    try:
        return Bounce(value)
    except ValueError:
        raise InvalidEvent("data.bounce", "must be hard or soft") from None


def _occurred_at(value: object, sent_at: datetime) -> datetime:
    if value is None:
        return sent_at
    try:
        at = datetime.fromisoformat(str(value))
    except ValueError:
        raise InvalidEvent("timestamp", "must be like 2026-07-01T09:00:00Z") from None
    if at.utcoffset() is None:
        raise InvalidEvent("timestamp", "has no time zone; write it like 2026-07-01T09:00:00Z")
    return at


def _text(data: dict[str, Any], name: str, limit: int) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidEvent(f"data.{name}", "must be text")
    if len(value) > limit:
        raise InvalidEvent(f"data.{name}", f"has {len(value)} characters; the limit is {limit}")
    if not is_single_line(value):
        raise InvalidEvent(f"data.{name}", "contains a control character")
    return value
