"""The platform's settings, read from ``settings.BELLRINGER`` with their defaults."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, TypeVar

from django.conf import settings
from django.core.signals import setting_changed

Read = TypeVar("Read")

DEFAULTS: dict[str, Any] = {
    "ENCRYPTION_KEYS": [],
    "LEASE_SECONDS": 30.0,
    "LOST_MESSAGE_SECONDS": 10.0,
    "MAX_LOSSES": 10,
    "SHUTDOWN_GRACE_SECONDS": 20.0,
    "CANCEL_GRACE_SECONDS": 10.0,
    "MAX_PAYLOAD_BYTES": 64 * 1024,
    "MAX_RESULT_BYTES": 64 * 1024,
    "LANE_WINDOW_MESSAGES": 40,
    "PUBLISH_ON_COMMIT": True,
    "PREPARED_STATEMENTS": True,
    "AGEING_SECONDS": 60.0,
    "BUFFERED_TICKS_LIMIT": 1_000,
    "RETENTION_DAYS": 7.0,
    "RETENTION_DAYS_UNSUCCESSFUL": 30.0,
    "LEDGER_RETENTION_DAYS": 90.0,
    "EVENT_RETENTION_DAYS": 30.0,
    "HISTORY_RETENTION_DAYS": 90.0,
    "METRICS_RETENTION_DAYS": 14.0,
    "METRICS_TOKEN": "",
    "DEAD_LETTER_QUEUE": "dlq",
    "DEAD_LETTER_QUEUE_LIMIT": 10_000,
    "FLOWER_URL": "",
    "LOG_SECRET_WORDS": [],
    "HEALTH_TOKEN": "",
    "LIVENESS_SECONDS": 60.0,
    "RUNTIME_FOLDER": "",
    "TRACING": False,
}
"""Every setting with its default.

ENCRYPTION_KEYS: Fernet keys, newest first; payload secrets are stored encrypted with the first.
LEASE_SECONDS: a worker that does not renew within this time has lost its tasks.
LOST_MESSAGE_SECONDS: how long a message may be overtaken by younger ones before it counts as lost.
MAX_LOSSES: how often a task may be lost with its worker while nobody can tell which task is to blame. These
    losses use up no attempt; at the last one the task is dead.
SHUTDOWN_GRACE_SECONDS: how long a stopping worker lets running handlers go on.
CANCEL_GRACE_SECONDS: how long a handler may go on after its task was cancelled (prefork only).
MAX_PAYLOAD_BYTES, MAX_RESULT_BYTES: sizes as JSON.
LANE_WINDOW_MESSAGES: messages kept waiting in the broker, per lane.
PUBLISH_ON_COMMIT: whether a caller publishes its task itself while the lane is idle, which is faster.
PREPARED_STATEMENTS: whether the hot path's statements are planned once and kept in the database session;
    switch it off behind a pooler that shares sessions and does not do that (PgBouncer does from 1.21 on if
    its max_prepared_statements is greater than 0).
AGEING_SECONDS: after so long a wait behind more urgent work, tasks move up one priority.
BUFFERED_TICKS_LIMIT: so many ticks of one schedule with the overlap policy buffer_all wait at most for the
    one before; the ledger has those beyond as skipped.
RETENTION_DAYS: how long succeeded tasks are kept.
RETENTION_DAYS_UNSUCCESSFUL: the same for dead, cancelled and expired ones; one with an open dead letter
    stays until that is resolved.
LEDGER_RETENTION_DAYS: how long the ledger keeps what became of the ticks of schedules.
EVENT_RETENTION_DAYS: how long events are kept, by day; then a summary of each task takes their place.
    Those that a subscription has not read yet stay for twice as long at most.
HISTORY_RETENTION_DAYS: how long that summary is kept after its last event, at least as long as its task.
METRICS_RETENTION_DAYS: how long the counts of single minutes are kept, from which the dashboard is drawn;
    totals are kept for ever.
METRICS_TOKEN: who sends it as a bearer token may read /metrics; empty: only people who are logged in.
DEAD_LETTER_QUEUE: broker queue that announces dead letters; empty switches it off.
DEAD_LETTER_QUEUE_LIMIT: announcements that may wait there unread.
FLOWER_URL: where people find Flower; the admin links to it. Empty: no link.
LOG_SECRET_WORDS: fields with one of these words in their names are masked in log lines, besides those that
    are built in.
HEALTH_TOKEN: who sends it to /ready as a bearer token sees what was found; empty: nobody does by token.
LIVENESS_SECONDS: a worker that has taken no message for so long, and is not busy, counts as stuck.
RUNTIME_FOLDER: where workers and beats report on themselves, for liveness probes on the same machine.
    Empty: systemd's RUNTIME_DIRECTORY, else a folder below /tmp.
TRACING: whether spans are recorded by the OpenTelemetry provider that the process has set up itself.
"""


def setting(name: str) -> Any:
    """Return one setting, or its default.

    Raises:
        KeyError: there is no such setting.
    """
    return _all()[name]


def read_once(read: Callable[[], Read]) -> Callable[[], Read]:
    """Keep what ``read`` makes of ``settings.BELLRINGER`` until ``override_settings`` changes that."""
    kept = cache(read)

    def forget(setting: str, **_kwargs: object) -> None:
        if setting == "BELLRINGER":
            kept.cache_clear()

    setting_changed.connect(forget, weak=False)
    return kept


@read_once
def _all() -> dict[str, Any]:
    return {**DEFAULTS, **getattr(settings, "BELLRINGER", {})}
