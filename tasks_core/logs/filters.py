"""The same for programs that log through the standard library alone."""

import logging

from tasks_core.logs.fields import fields_here, of_request
from tasks_core.logs.message import message_of
from tasks_core.logs.redaction import redacted_fields, redacted_text

NOT_HERE = {"worker": "", "task_id": None, "task_type": "", "attempt": None, "correlation_id": ""}
_OF_EVERY_RECORD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_plain = logging.Formatter()


class ContextFilter(logging.Filter):
    """Gives each record ``worker``, ``task_id``, ``task_type``, ``attempt`` and ``correlation_id``.

    Empty where they don't apply. Put it on the handler, not on a logger: filters of a logger don't see the
    records of its children.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the fields; let every record pass."""
        request = getattr(record, "request", None)
        fields = {**NOT_HERE, **of_request(request), **fields_here()}
        fields["correlation_id"] = redacted_text(fields["correlation_id"])
        vars(record).update(fields)
        return True


class RedactionFilter(logging.Filter):
    """Masks secrets in the message, its arguments, the traceback and extra fields.

    It changes the record, also for the handlers that come after its own. Put it behind other filters.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask; let every record pass."""
        record.msg = redacted_text(message_of(record.msg, record.args))
        record.args = ()
        if record.exc_info and not record.exc_text:
            record.exc_text = _traceback(record)
        # From here on there is only the text: other formatters would go back to the exception.
        record.exc_info = None
        record.exc_text = redacted_text(record.exc_text) if record.exc_text else None
        record.stack_info = redacted_text(record.stack_info) if record.stack_info else None
        own = _OF_EVERY_RECORD | NOT_HERE.keys()
        vars(record).update(
            redacted_fields({name: item for name, item in vars(record).items() if name not in own})
        )
        return True


def _traceback(record: logging.LogRecord) -> str:
    if not isinstance(record.exc_info, tuple):
        return ""
    try:
        return _plain.formatException(record.exc_info)
    except Exception as error:  # noqa: BLE001 an exception may fail at its own text
        return f"(the traceback cannot be written: {type(error).__name__})"
