"""Start what watches the platform from outside, as far as it is configured: traces and error reports."""

import os
from typing import Any

from django.conf import settings

from scheduler_project import traces
from scheduler_project.error_reports import client
from tasks_core.signals import worker_process_stopped


def connect() -> None:
    """Connect it to the platform; called once, when the app registry is ready."""
    if traces.are_wanted(os.environ):  # first, so that reports of errors know the trace
        traces.configure(os.environ)
    if settings.SENTRY_IS_ON:
        _report_errors()


def _report_errors() -> None:
    from scheduler_project.error_reports import attempts, check_ins, dead_letters

    attempts.connect(attempts.Report(settings.SENTRY_TASK_FAILURES))
    dead_letters.connect()
    if settings.SENTRY_CRON_MONITORS:
        check_ins.connect()
    worker_process_stopped.connect(_stopped, dispatch_uid="scheduler_project.error_reports")


def _stopped(**_: Any) -> None:
    client.flush()
