"""Report failed attempts, each with its task, grouped by task type and error."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum

import sentry_sdk

from tasks_core import instrumentation
from tasks_core.engine.outcome import Failure, Outcome
from tasks_core.engine.states import State
from tasks_core.exceptions import RetryAfter
from tasks_core.instrumentation import WatchedAttempt
from tasks_core.lanes import lane_name
from tasks_core.outcomes.failures import class_path
from tasks_core.tracing.traceparent_text import trace_id


class Report(StrEnum):
    """Which failed attempts are reported (SENTRY_TASK_FAILURES)."""

    FINAL = "final"
    """Those after which the task has failed for good, as errors."""
    FIRST = "first"
    """Also the first failure of a task that is tried again, as a warning, unless the handler asked for it."""
    ALL = "all"
    """Every failure: as a warning while the task is tried again."""


_report = Report.FIRST


def connect(report: Report) -> None:
    """Watch the attempts of this process."""
    global _report
    _report = report
    instrumentation.add_watcher(reported)


@contextmanager
def reported(seen: WatchedAttempt) -> Iterator[None]:
    """Give the attempt a scope of its own, and report how it failed."""
    with sentry_sdk.isolation_scope() as scope:
        scope.clear_breadcrumbs()
        scope.set_transaction_name(seen.context.task_type, source="task")
        for name, value in _tags(seen).items():
            scope.set_tag(name, value)
        scope.set_context("task", _context(seen))
        yield
        outcome = seen.outcome
        if outcome is not None and outcome.failure is not None and seen.error is not None:
            level = level_of(outcome, seen)
            if level is not None:
                _capture(seen, outcome, outcome.failure, seen.error, level)


def level_of(outcome: Outcome, seen: WatchedAttempt) -> str | None:
    """Return the level at which this failure is reported, or None."""
    if outcome.state is not State.RETRYING:
        return "error"
    if _report is Report.ALL:
        return "warning"
    is_first = seen.task.attempts_used == 1
    if _report is Report.FIRST and is_first and not isinstance(seen.error, RetryAfter):
        return "warning"
    return None


def _capture(
    seen: WatchedAttempt, outcome: Outcome, failure: Failure, error: BaseException, level: str
) -> None:
    will_retry = outcome.state is State.RETRYING
    with sentry_sdk.new_scope() as scope:
        scope.set_level(level)  # type: ignore[arg-type]  # one of its literals
        scope.fingerprint = [seen.context.task_type, class_path(error)]
        scope.set_tag("outcome", "will be retried" if will_retry else "final")
        scope.set_context("task", {**_context(seen), **_ending(outcome, will_retry=will_retry)})
        sentry_sdk.capture_exception(error)


def _tags(seen: WatchedAttempt) -> dict[str, str]:
    task = seen.task
    tags = {
        "task.type": seen.context.task_type,
        "task.id": str(task.id),
        "task.attempt": str(task.attempt),
        "task.queue": lane_name(task.queue_name, task.priority),
    }
    if task.correlation_id:
        tags["correlation_id"] = task.correlation_id
    return tags


def _context(seen: WatchedAttempt) -> dict[str, object]:
    task = seen.task
    return {
        "id": task.id,
        "type": seen.context.task_type,
        "attempt": task.attempt,
        "attempts_used": task.attempts_used,
        "max_attempts": seen.context.max_attempts,
        "queue": task.queue_name,
        "correlation_id": task.correlation_id,
        "trace_id": trace_id(task.traceparent),
    }


def _ending(outcome: Outcome, *, will_retry: bool) -> dict[str, object]:
    next_at = outcome.run_after.isoformat() if will_retry and outcome.run_after else None
    return {
        "outcome": "will be retried" if will_retry else "final",
        "reason": outcome.reason,
        "next_attempt_at": next_at,
    }
