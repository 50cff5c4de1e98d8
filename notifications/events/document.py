"""Events as JSON for receivers outside."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from tasks_core.events import Event

TYPE = "task.events"


def document(subscriber: str, events: Sequence[Event]) -> bytes:
    """Return the body for a batch; the same batch gives the same bytes."""
    content = {
        "type": TYPE,
        "timestamp": events[-1].at.isoformat(),
        "data": {"subscriber": subscriber, "events": [described(event) for event in events]},
    }
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def described(event: Event) -> dict[str, Any]:
    """Return the kind and the facts of an event, without those that do not apply."""
    facts = {field.name: _plain(getattr(event, field.name)) for field in fields(event)}
    known = {name: value for name, value in facts.items() if value not in (None, "")}
    return {"type": f"task.{event.kind}", **known}


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
