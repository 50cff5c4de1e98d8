"""From the fields of a schedule's form to the keywords of the API, and back from its errors."""

import re
from collections.abc import Container, Mapping
from datetime import datetime, timedelta
from typing import Any

from tasks_core.engine import schedule as engine
from tasks_core.engine.instants import read_instant
from tasks_core.exceptions import (
    DuplicateSchedule,
    InnerTaskType,
    InvalidPayload,
    InvalidSchedule,
    UnknownTaskType,
)
from tasks_core.models import Schedule

RENAMED = {
    "gap_policy": "gap",
    "fold_policy": "fold",
    "misfire_policy": "misfire",
    "overlap_policy": "overlap",
    "retry_policy": "retry",
}
EXPRESSION = ("kind", "expression")
WORDS = {
    **{keyword: field for field, keyword in RENAMED.items()},
    "grace": "misfire_grace",
    "max_age": "misfire_max_age",
    "max_count": "misfire_max_count",
    "cron": "expression",
    "every": "expression",
    "at": "expression",
    "task_type": "task_type",
}
"""The first word of an error's message, where it is not the name of the field."""

_BY_KIND: tuple[tuple[type[Exception], str], ...] = (
    (DuplicateSchedule, "name"),
    (UnknownTaskType, "task_type"),
    (InnerTaskType, "task_type"),
    (InvalidPayload, "payload"),
)

FIELDS = frozenset(
    field.name for field in Schedule._meta.concrete_fields if field.name not in ("id", "anchor")
)


def keywords(cleaned: Mapping[str, Any], edited: Container[str] | None) -> dict[str, Any]:
    """Return what the form says as keywords; only of the fields ``edited``, if that is given.

    Raises:
        InvalidSchedule: the instant of a schedule that runs once cannot be understood.
    """
    wanted = {}
    for field, value in cleaned.items():
        if field in EXPRESSION or (edited is not None and field not in edited):
            continue
        wanted[RENAMED.get(field, field)] = _plain(field, value)
    if edited is None or any(field in edited for field in EXPRESSION):
        wanted |= _expression(cleaned)
    return wanted


def field_of(error: Exception) -> str | None:
    """Return the field that an error of the API is about, or None if it is about several."""
    for kind, field in _BY_KIND:
        if isinstance(error, kind):
            return field
    word = re.match(r"\w*", str(error))
    name = WORDS.get(word[0], word[0]) if word else ""
    if name in FIELDS:
        return name
    if isinstance(error.__context__, engine.InvalidZone):
        return "timezone"
    return "expression" if isinstance(error, InvalidSchedule) else None


def _plain(field: str, value: Any) -> Any:
    if field == "retry_policy":
        return value.name if value is not None else None
    if field == "queue_name":
        return value or None
    if field == "jitter":
        return value or timedelta()
    return value


def _expression(cleaned: Mapping[str, Any]) -> dict[str, Any]:
    kind, text = cleaned["kind"], cleaned["expression"]
    if kind == Schedule.Kind.CRON:
        return {"cron": text}
    if kind == Schedule.Kind.INTERVAL:
        return {"every": text}
    if kind == Schedule.Kind.SOLAR:
        return {"solar": text}
    return {"at": _instant(text, cleaned["timezone"])}


def _instant(text: str, zone: str) -> datetime:
    try:
        at = read_instant(text)
        return at if at.tzinfo else at.replace(tzinfo=engine.zone_named(zone))
    except engine.InvalidZone as error:
        raise InvalidSchedule(str(error)) from error
    except ValueError:
        raise InvalidSchedule(
            f"expression: {text!r} is no instant, write it like 2026-12-24T18:00"
        ) from None
