"""Log lines that say where they come from and hold no secrets.

``processors`` and ``formatter`` are for structlog, ``filters`` for the formatters of the standard library;
docs/logging.md shows how to use them. This module is imported by settings: nothing in it needs Django.
"""

from tasks_core.logs.filters import ContextFilter, RedactionFilter
from tasks_core.logs.formatter import LineFormatter
from tasks_core.logs.processors import add_context, redact
from tasks_core.logs.redaction import (
    redacted_text,
    redacted_value,
    treat_as_secret,
    without_known_secrets,
)
from tasks_core.logs.secrets import hide, hide_everywhere

__all__ = [
    "ContextFilter",
    "LineFormatter",
    "RedactionFilter",
    "add_context",
    "hide",
    "hide_everywhere",
    "redact",
    "redacted_text",
    "redacted_value",
    "treat_as_secret",
    "without_known_secrets",
]
