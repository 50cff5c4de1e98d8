"""Report tasks that failed for good where no exception was seen: their worker was lost, or was ended."""

from typing import Any

import sentry_sdk

from scheduler_project.error_reports import client
from tasks_core.models import DeadLetter
from tasks_core.signals import dead_letters_written

WITHOUT_EXCEPTION = ("tasks_core.WorkerLost", "tasks_core.ProcessEnded")
PROCESS_ENDED = "tasks_core.ProcessEnded"


def connect() -> None:
    """Listen to new dead letters."""
    dead_letters_written.connect(_report, dispatch_uid="scheduler_project.error_reports")


def _report(*, ids: list[int], **_: Any) -> None:
    letters = list(DeadLetter.objects.filter(pk__in=ids, error__in=WITHOUT_EXCEPTION))
    for letter in letters:
        _capture(letter)
    if any(letter.error == PROCESS_ENDED for letter in letters):
        client.flush()  # this process is about to be killed


def _capture(letter: DeadLetter) -> None:
    with sentry_sdk.new_scope() as scope:
        scope.set_level("error")
        scope.fingerprint = [letter.task_type, letter.error]
        scope.set_transaction_name(letter.task_type, source="task")
        scope.set_tag("task.type", letter.task_type)
        scope.set_tag("task.id", str(letter.task_id))
        scope.set_tag("outcome", "final")
        scope.set_context(
            "task",
            {
                "id": letter.task_id,
                "type": letter.task_type,
                "attempt": letter.attempts,
                "outcome": "final",
                "reason": letter.reason,
            },
        )
        sentry_sdk.capture_message(f"{letter.error}: {letter.message}")
