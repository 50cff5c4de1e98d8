"""Write each event to the log, with its facts as fields."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from tasks_core.engine.events import Event, TaskProgressed
from tasks_core.engine.states import EventKind

NAME = "tasks_core.events"

LEVELS: dict[EventKind, int] = {
    EventKind.QUEUED: logging.DEBUG,
    EventKind.STARTED: logging.DEBUG,
    EventKind.PROGRESSED: logging.DEBUG,
    EventKind.FAILED: logging.WARNING,
    EventKind.LOST: logging.WARNING,
    EventKind.EXPIRED: logging.WARNING,
    EventKind.DEAD_LETTERED: logging.ERROR,
}
"""What is not on ``INFO``."""

_WITHHELD = {(TaskProgressed, "note")}
"""Texts that handlers make of whatever they like; the event has them."""

_OWN_WORDS = {"id": "event_id", "at": "happened_at"}
"""Fields whose names say too little, or mean something else, in a log."""


class LoggingHandler:
    """Writes one line for each event to the logger ``tasks_core.events.<kind>``.

    The line has the facts of the event as fields. Events hold no payloads and no results, and neither
    does it.
    """

    def __init__(self, levels: Mapping[type[Event], int] | None = None) -> None:
        """Take ``levels`` such as ``{TaskExpired: logging.INFO}`` for kinds that want another one."""
        own = {cls.kind: level for cls, level in (levels or {}).items()}
        self._levels = {**LEVELS, **own}

    def __call__(self, events: Sequence[Event]) -> None:
        """Write them."""
        for event in events:
            logger = logging.getLogger(f"{NAME}.{event.kind}")
            level = self._levels.get(event.kind, logging.INFO)
            if logger.isEnabledFor(level):
                logger.log(
                    level,
                    "task %d (%s): %s",
                    event.task_id,
                    event.task_type,
                    event.kind.replace("_", " "),
                    extra=_facts(event),
                )


def _facts(event: Event) -> dict[str, Any]:
    facts = {field.name: getattr(event, field.name) for field in fields(event)}
    return {
        _OWN_WORDS.get(name, name): _plain(value)
        for name, value in facts.items()
        if value not in (None, "") and (type(event), name) not in _WITHHELD
    }


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
