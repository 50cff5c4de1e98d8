"""Formats every record, of structlog and of the standard library, and never fails."""

import logging
from copy import copy

from structlog.stdlib import ProcessorFormatter

from tasks_core.logs.message import message_of


class LineFormatter(ProcessorFormatter):
    """structlog's formatter, for records whatever they hold."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line; one that says what went wrong if it cannot be made."""
        try:
            return super().format(_with_message(record))
        except Exception as error:  # noqa: BLE001 a program must not fail at its log
            return super().format(_replacement(record, error))


def _with_message(record: logging.LogRecord) -> logging.LogRecord:
    if hasattr(record, "_logger") or (isinstance(record.msg, str) and not record.args):
        return record  # structlog's own, or nothing to put in place
    changed = copy(record)
    changed.msg = message_of(record.msg, record.args)
    changed.args = ()
    return changed


def _replacement(record: logging.LogRecord, error: Exception) -> logging.LogRecord:
    return logging.LogRecord(
        record.name,
        record.levelno,
        record.pathname,
        record.lineno,
        f"a log line could not be formatted: {type(error).__name__}",
        (),
        None,
    )
