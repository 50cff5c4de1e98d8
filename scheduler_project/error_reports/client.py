"""The connection to Sentry, if SENTRY_DSN is set."""

from typing import Any

import sentry_sdk
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.logging import ignore_logger

from scheduler_project.error_reports.event import before_breadcrumb, before_send

IGNORED_LOGGERS = (
    "tasks_core.worker.attempt",  # a failed attempt is reported with its task, not as a line of a log
    "opentelemetry*",  # a collector that is down is no error of ours, and would be one every few seconds
)


def configure(dsn: str, **options: Any) -> None:
    """Start reporting. ``options`` are those of sentry_sdk.init that only tests set.

    What could hold a secret stays here: local variables, request bodies, arguments of log messages.
    Transactions are not sent: traces go by OpenTelemetry.
    """
    sentry_sdk.init(
        dsn=dsn,
        include_local_variables=False,
        max_request_body_size="never",
        before_send=before_send,
        before_breadcrumb=before_breadcrumb,
        before_send_transaction=lambda _event, _hint: None,
        # For plain Celery tasks beside ours. Messages of the platform are batches of ids: they carry
        # nothing of the SDK, and what their handlers raise never gets as far as Celery.
        integrations=[CeleryIntegration(propagate_traces=False, monitor_beat_tasks=False)],
        **options,
    )
    for name in IGNORED_LOGGERS:
        ignore_logger(name)


def flush(seconds: float = 2.0) -> None:
    """Wait until reports are sent, at most so long."""
    sentry_sdk.flush(timeout=seconds)
