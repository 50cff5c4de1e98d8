"""Catch the lines that the project's own set-up of logging writes."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from scheduler_project import log_format
from tasks_core.logs.handler import LineHandler

logger = logging.getLogger("some.library")


class Lines:
    """What was written since."""

    def __init__(self) -> None:
        self.stream = io.StringIO()

    @property
    def text(self) -> str:
        return self.stream.getvalue()

    def all(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.text.splitlines()]

    def one(self) -> dict[str, Any]:
        [line] = self.all()
        return line

    def of(self, event: str) -> list[dict[str, Any]]:
        return [line for line in self.all() if line["event"] == event]


@contextmanager
def caught(*, as_json: bool = True) -> Iterator[Lines]:
    """Write the lines of all loggers to memory, in the format of production or of development."""
    lines = Lines()
    formatter = log_format.configure(level="DEBUG", json=as_json)["formatters"]["structured"]
    kind = formatter.pop("()")
    handler = LineHandler(lines.stream)
    handler.setFormatter(kind(**formatter))
    root = logging.getLogger()
    before = root.handlers, root.level
    root.handlers = [handler]  # those of pytest fail at what ours must bear
    root.setLevel("INFO")
    try:
        yield lines
    finally:
        root.handlers, level = before
        root.setLevel(level)
