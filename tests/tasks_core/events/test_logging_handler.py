"""Each event becomes one line of the log, with its facts as fields."""

import logging
from datetime import UTC, datetime
from typing import Any

import pytest

from tasks_core.events import (
    TaskCompleted,
    TaskDeadLettered,
    TaskFailed,
    TaskProgressed,
    TaskRetrying,
    TaskStarted,
)
from tasks_core.events.handlers.logging import LoggingHandler

AT = datetime(2026, 5, 1, 9, tzinfo=UTC)
OF_TASK: dict[str, Any] = {
    "id": 1,
    "task_id": 17,
    "task_type": "invoice.remind",
    "attempt": 2,
    "at": AT,
}


def test_a_line_says_what_happened_and_has_the_facts_as_fields(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "tasks_core.events")
    LoggingHandler()(
        [
            TaskFailed(**OF_TASK, error="ValueError: broken", will_retry=True, duration=0.5),
            TaskRetrying(**OF_TASK, next_attempt=3, next_attempt_at=AT),
        ]
    )
    failed, retrying = caplog.records
    assert failed.name == "tasks_core.events.failed"
    assert failed.getMessage() == "task 17 (invoice.remind): failed"
    facts = vars(failed)
    assert (facts["event_id"], facts["task_id"], facts["attempt"]) == (1, 17, 2)
    assert facts["happened_at"] == "2026-05-01T09:00:00+00:00"
    assert (facts["error"], facts["will_retry"], facts["duration"]) == (
        "ValueError: broken",
        True,
        0.5,
    )
    assert vars(retrying)["next_attempt_at"] == "2026-05-01T09:00:00+00:00"
    assert "retry_count" not in facts


def test_the_level_follows_from_the_kind_and_may_be_chosen(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "tasks_core.events")
    events = [TaskStarted(**OF_TASK), TaskCompleted(**OF_TASK), TaskDeadLettered(**OF_TASK)]
    LoggingHandler()(events)
    LoggingHandler({TaskDeadLettered: logging.WARNING})(events)
    assert [record.levelname for record in caplog.records] == [
        "DEBUG",
        "INFO",
        "ERROR",
        "DEBUG",
        "INFO",
        "WARNING",
    ]


def test_lines_below_the_level_of_their_logger_are_not_written(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "tasks_core.events.started")
    LoggingHandler()([TaskStarted(**OF_TASK)])
    assert caplog.records == []


def test_what_a_handler_noted_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "tasks_core.events")
    LoggingHandler()([TaskProgressed(**OF_TASK, done=1.0, total=2.0, note="card 4111")])
    [record] = caplog.records
    assert vars(record)["done"] == 1.0
    assert "4111" not in str(vars(record))
