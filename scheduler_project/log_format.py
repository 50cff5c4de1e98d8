"""Logging through structlog: JSON lines in production, coloured text for developers."""

import json
import os
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from tasks_core import logs
from tasks_core.logs.processors import format_message

OF_EVERY_LINE: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.stdlib.ExtraAdder(),
)
BEFORE_THE_EVENT = ("timestamp", "level", "logger", "event")


def configure(*, level: str, json: bool) -> dict[str, Any]:
    """Set structlog up; return Django's LOGGING, which sends everything through the same format."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *OF_EVERY_LINE,
            format_message,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"structured": _formatter(json=json)},
        "handlers": {
            "stderr": {"class": "tasks_core.logs.handler.LineHandler", "formatter": "structured"}
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers would print every line a second time.
            "django": {"handlers": [], "level": level, "propagate": True},
            "django.server": {"handlers": [], "level": level, "propagate": True},
            # So would gunicorn's.
            "gunicorn.error": {"handlers": [], "level": level, "propagate": True},
            # One line a request is for the proxy to write.
            "gunicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
            # At DEBUG it logs every statement with its values, payloads among them.
            "django.db.backends": {"level": "INFO"},
            # Every message that Celery receives and finishes; ours has its own, with the task's id.
            "celery.worker.strategy": {"level": "WARNING"},
            "celery.app.trace": {"level": "WARNING"},
        },
    }


def _formatter(*, json: bool) -> dict[str, Any]:
    return {
        "()": logs.LineFormatter,
        "foreign_pre_chain": list(OF_EVERY_LINE),
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.StackInfoRenderer(),
            # As text from here on, without local variables: they could show a secret.
            structlog.processors.format_exc_info,
            logs.redact,
            logs.add_context,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            *_rendering(as_json=json),
        ],
    }


def _rendering(*, as_json: bool) -> list[Processor]:
    if as_json:
        return [_in_order, structlog.processors.JSONRenderer(serializer=_line)]
    return [
        _on_one_line,
        structlog.dev.ConsoleRenderer(
            colors=_has_colours(), exception_formatter=structlog.dev.plain_traceback
        ),
    ]


def _line(event: EventDict, **_: Any) -> str:
    # Everything is plain JSON by now: redaction has seen to it.
    return json.dumps(event, ensure_ascii=False)


def _in_order(_logger: Any, _method: str, event: EventDict) -> EventDict:
    first = {name: event.pop(name) for name in BEFORE_THE_EVENT if name in event}
    return {**first, **event}


def _on_one_line(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Keep a message from looking like several lines; tracebacks are meant to."""
    multiple = ("exception", "stack")
    return {
        name: item.replace("\n", "\\n") if isinstance(item, str) and name not in multiple else item
        for name, item in event.items()
    }


def _has_colours() -> bool:
    """On a terminal, or where FORCE_COLOR asks for them; never where NO_COLOR is set."""
    if os.environ.get("NO_COLOR"):
        return False
    return bool(os.environ.get("FORCE_COLOR")) or sys.stderr.isatty()
