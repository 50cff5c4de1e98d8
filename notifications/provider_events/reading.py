"""Read a posted event.

{"type": "bounced", "timestamp": "2026-07-01T09:00:00Z",
 "data": {"message_id": "...", "address": "ada@example.com", "bounce": "hard", "reason": "550 5.1.1"}}
"""

import json
from datetime import datetime
from typing import Any

from notifications.exceptions import InvalidEvent
from notifications.models import EventSource
from notifications.provider_events.address import usable_address
from notifications.provider_events.report import Report
from notifications.rules.addresses import EMAIL, bare, holds_several
from notifications.rules.provider_events import Bounce, EventKind
from tasks_core.engine.instants import read_instant
from tasks_core.engine.json_text import UnreadableJson, parsed_json, storable_json
from tasks_core.engine.single_line import single_line

_BOUNCES = {
    "hard": Bounce.HARD,
    "permanent": Bounce.HARD,
    "hardbounce": Bounce.HARD,
    "soft": Bounce.SOFT,
    "temporary": Bounce.SOFT,
    "transient": Bounce.SOFT,
    "softbounce": Bounce.SOFT,
    "undetermined": Bounce.SOFT,
}
"""Ours, and what Amazon SES, Mailgun and Postmark call it in their events, without punctuation."""


def read_report(body: bytes, *, source: EventSource, event_id: str, sent_at: datetime) -> Report:
    """Return what a body says.

    A body that is built wrong is refused, so that who built it hears of it. What only passes through it, a
    mail server's words or an id, may be anything: ``record_report`` cleans it.

    Raises:
        InvalidEvent: names the field, and what would be right; never quotes a value.
    """
    document = _document(body)
    data = document.get("data")
    if not isinstance(data, dict):
        raise InvalidEvent("data", "must be an object")
    message_id, address = _text(data, "message_id"), _text(data, "address")
    if not (message_id or address):
        raise InvalidEvent("data.message_id", "is missing; give it, or data.address")
    if source.channel == EMAIL and holds_several(bare(EMAIL, address)):
        raise InvalidEvent(
            "data.address", "holds more than one mail address; send an event for each"
        )
    if not (message_id or usable_address(source.channel, single_line(address))):
        raise InvalidEvent("data.address", f"is no address of channel {source.channel}")
    return Report(
        source=source.name,
        event_id=event_id,
        kind=_kind(document.get("type")),
        channel=source.channel,
        occurred_at=_occurred_at(document.get("timestamp"), sent_at),
        message_id=message_id,
        address=address,
        bounce=_bounce(_text(data, "bounce")),
        reason=_words(data.get("reason")),
    )


def _document(body: bytes) -> dict[str, Any]:
    try:
        document = parsed_json(body)
    except UnreadableJson:
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
    found = _BOUNCES.get("".join(filter(str.isalpha, value.lower())))
    if found is None:
        raise InvalidEvent("data.bounce", "must be hard (or permanent) or soft (or transient)")
    return found


def _occurred_at(value: object, sent_at: datetime) -> datetime:
    if value is None:
        return sent_at
    try:
        at = read_instant(str(value))
    except ValueError:
        raise InvalidEvent("timestamp", "must be like 2026-07-01T09:00:00Z") from None
    if at.utcoffset() is None:
        raise InvalidEvent("timestamp", "has no time zone; write it like 2026-07-01T09:00:00Z")
    return at


def _words(value: object) -> str:
    """A reason may have any form: some send the reply code as a number, some an object."""
    if value is None or isinstance(value, str):
        return value or ""
    return json.dumps(storable_json(value), ensure_ascii=False)


def _text(data: dict[str, Any], name: str) -> str:
    value = data.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        raise InvalidEvent(f"data.{name}", "must be text")
    return value.strip()
