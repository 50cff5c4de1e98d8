"""The settings of the platform's tasks: entries of ``settings.BELLRINGER``, with defaults.

They are read once, and again when Django's ``override_settings`` has changed them.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cache
from typing import Any, TypeVar, cast

from django.conf import settings
from django.core.signals import setting_changed

Read = TypeVar("Read")


@dataclass(frozen=True, kw_only=True)
class TaskSettings:
    """What ``settings.BELLRINGER`` may say about tasks. Keys are the names in capitals."""

    encryption_keys: Sequence[str] = ()
    """Fernet keys, newest first; payload secrets are stored encrypted with the first."""
    lease_seconds: float = 30.0
    """A worker that does not renew within this time has lost its tasks."""
    lost_message_seconds: float = 10.0
    """How long a message may be overtaken by younger ones before it counts as lost."""
    max_losses: int = 10
    """How often a task may be lost with its worker while nobody can tell which task is to blame. These losses
    use up no attempt; at the last one the task is dead.
    """
    shutdown_grace_seconds: float = 20.0
    """How long a stopping worker lets running handlers go on."""
    cancel_grace_seconds: float = 10.0
    """How long a handler may go on after its task was cancelled (prefork only)."""
    max_payload_bytes: int = 64 * 1024
    """Most bytes of a payload, as JSON."""
    max_result_bytes: int = 64 * 1024
    """Most bytes of a result, as JSON."""
    lane_window_messages: int = 40
    """Messages kept waiting in the broker, per lane."""
    publish_on_commit: bool = True
    """Whether a caller publishes its task itself while the lane is idle, which is faster."""
    prepared_statements: bool = True
    """Whether the hot path's statements are planned once and kept in the database session; switch it off
    behind a pooler that shares sessions and does not do that (PgBouncer does from 1.21 on if its
    max_prepared_statements is greater than 0).
    """
    ageing_seconds: float = 60.0
    """After so long a wait behind more urgent work, tasks move up one priority."""
    buffered_ticks_limit: int = 1_000
    """So many ticks of one schedule with the overlap policy buffer_all wait at most for the one before; the
    ledger has those beyond as skipped.
    """
    retention_days: float = 7.0
    """How long succeeded tasks are kept."""
    retention_days_unsuccessful: float = 30.0
    """The same for dead, cancelled and expired ones; one with an open dead letter stays until that is
    resolved.
    """
    ledger_retention_days: float = 90.0
    """How long the ledger keeps what became of the ticks of schedules."""
    event_retention_days: float = 30.0
    """How long events are kept, by day; then a summary of each task takes their place. Those that a
    subscription has not read yet stay for twice as long at most.
    """
    history_retention_days: float = 90.0
    """How long that summary is kept after its last event, at least as long as its task."""
    metrics_retention_days: float = 14.0
    """How long the counts of single minutes are kept, from which the dashboard is drawn; totals are kept for
    ever.
    """
    metrics_token: str = ""
    """Who sends it as a bearer token may read /metrics; empty: only people who are logged in."""
    dead_letter_queue: str = "dlq"
    """Broker queue that announces dead letters; empty switches it off."""
    dead_letter_queue_limit: int = 10_000
    """Announcements that may wait there unread."""
    flower_url: str = ""
    """Where people find Flower; the admin links to it. Empty: no link."""
    log_secret_words: Sequence[str] = ()
    """Fields with one of these words in their names are masked in log lines, besides those that are built in.
    """
    health_token: str = ""
    """Who sends it to /ready as a bearer token sees what was found; empty: nobody does by token."""
    liveness_seconds: float = 60.0
    """A worker that has taken no message for so long, and is not busy, counts as stuck."""
    runtime_folder: str = ""
    """Where workers and beats report on themselves, for liveness probes on the same machine. Empty: systemd's
    RUNTIME_DIRECTORY, else a folder below /tmp.
    """
    tracing: bool = False
    """Whether spans are recorded by the OpenTelemetry provider that the process has set up itself."""


def read_once(read: Callable[[], Read]) -> Callable[[], Read]:
    """Keep what ``read`` makes of ``settings.BELLRINGER`` until ``override_settings`` changes that."""
    kept = cache(read)

    def forget(setting: str, **_kwargs: object) -> None:
        if setting == "BELLRINGER":
            kept.cache_clear()

    setting_changed.connect(forget, weak=False)
    return kept


def settings_of(declaration: type[Read]) -> Callable[[], Read]:
    """Return a function that gives the settings as they are now, as a dataclass declares them.

    Args:
        declaration: its fields are the entries of ``settings.BELLRINGER`` in small letters, with defaults.
    """
    names = {item.name.upper(): item.name for item in fields(cast(Any, declaration))}

    @read_once
    def current() -> Read:
        given: dict[str, Any] = getattr(settings, "BELLRINGER", {})
        return declaration(**{name: given[key] for key, name in names.items() if key in given})

    return current


current = settings_of(TaskSettings)
"""Return the settings of tasks as they are now."""
