"""Writes lines to a stream; what cannot be written is not shown elsewhere instead."""

import logging
import sys
from contextlib import suppress


class LineHandler(logging.StreamHandler):  # type: ignore[type-arg] # generic in stubs only
    """A stream handler whose own failures don't print the record: the standard one does, unredacted."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 the name is logging's
        """Say that a line is missing, without its message and arguments."""
        error = sys.exc_info()[0]
        name = error.__name__ if error else "unknown error"
        if sys.__stderr__ is not None:
            with suppress(OSError, ValueError):
                place = f"{record.filename}:{record.lineno}"
                sys.__stderr__.write(f"a log line of {place} could not be written: {name}\n")
