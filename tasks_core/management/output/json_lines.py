"""JSON for programs."""

import json
from datetime import UTC, datetime
from typing import Any


def json_line(value: Any) -> str:
    """Return ``value`` as JSON on one line; instants are ISO 8601 in UTC."""
    return json.dumps(value, ensure_ascii=False, default=_plain)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return str(value)
