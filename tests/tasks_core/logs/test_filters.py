"""The filters for programs that format with the standard library."""

import io
import logging
from collections.abc import Iterator

import pytest

import tasks_core
from tasks_core import logs
from tasks_core.engine.redaction import MASK

S = "hunter2"
FORMAT = "%(levelname)s [%(correlation_id)s %(task_id)s] %(message)s"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    """Give what a plain handler with both filters writes."""
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(logging.Formatter(FORMAT))
    handler.addFilter(logs.ContextFilter())
    handler.addFilter(logs.RedactionFilter())
    logger = logging.getLogger("plain")
    logger.addHandler(handler)
    logger.propagate = False
    yield written
    logger.removeHandler(handler)
    logger.propagate = True


def test_plain_lines_have_context_and_no_secret(stream: io.StringIO) -> None:
    logger = logging.getLogger("plain.child")
    with tasks_core.correlation("order-7"):
        logger.error("sent %s with token=%s", {"password": S}, S, extra={"otp": S})
    logger.error("outside")

    assert stream.getvalue().splitlines() == [
        f"ERROR [order-7 None] sent {{'password': {MASK}}} with token={MASK}",
        "ERROR [ None] outside",
    ]


def test_plain_tracebacks_have_no_secret(stream: io.StringIO) -> None:
    try:
        raise ValueError(f"redis://:{S}@host/0")
    except ValueError:
        logging.getLogger("plain").exception("failed", stack_info=True)

    assert f"ValueError: redis://{MASK}@host/0" in stream.getvalue()
    assert "Stack (most recent call last)" in stream.getvalue()


def test_extra_fields_are_masked_for_formatters_that_show_them(stream: io.StringIO) -> None:
    records: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    handler = Keeping()
    handler.addFilter(logs.RedactionFilter())
    logger = logging.getLogger("plain")
    logger.addHandler(handler)
    logger.error("x", extra={"password": S, "form": {"pin": S}, "order": 17})
    logger.removeHandler(handler)

    [record] = records
    shown = vars(record)
    assert (shown["password"], shown["form"], shown["order"]) == (MASK, {"pin": MASK}, 17)
    assert record.levelno == logging.ERROR
