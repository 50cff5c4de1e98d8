"""What the app does when the task platform reports something."""

from asyncio import AbstractEventLoop
from datetime import datetime
from typing import Any

from notifications.broadcasts.failing import follow_unsuccessful_chunks
from notifications.digests.closing import follow_unsuccessful_digests
from notifications.duties import make_duties
from notifications.events.endpoint_notice import tell_owner
from notifications.events.parked import tell_of_parked
from notifications.models import Endpoint
from notifications.provider_events import anymail_tracking
from notifications.sending.endpoint_lanes.lost import follow_lost
from notifications.sending.pipeline.ending import follow_unsuccessful
from notifications.sending.pipeline.fallback.ending import follow_unsuccessful_looks
from notifications.shutdown import close_all
from notifications.signals import endpoint_disabling
from notifications.task_payloads import is_delivery_step
from notifications.triggers.ending import follow_unsuccessful_events
from tasks_core.duties.beat_duties import add_duties
from tasks_core.signals import (
    LostTask,
    UnsuccessfulTask,
    attempts_lost,
    subscription_parked,
    tasks_unsuccessful,
    worker_process_stopping,
)


def connect() -> None:
    """Register the receivers and the duties for beat; called once, when the app is ready."""
    tasks_unsuccessful.connect(_on_unsuccessful, dispatch_uid="notifications.unsuccessful")
    attempts_lost.connect(_on_lost, dispatch_uid="notifications.lost")
    worker_process_stopping.connect(_on_stopping, dispatch_uid="notifications.stopping")
    subscription_parked.connect(_on_parked, dispatch_uid="notifications.parked")
    endpoint_disabling.connect(_on_disabling, dispatch_uid="notifications.endpoint_notice")
    add_duties(make_duties)
    anymail_tracking.connect()


def _on_unsuccessful(*, tasks: list[UnsuccessfulTask], **_: Any) -> None:
    follow_unsuccessful(tasks)
    follow_unsuccessful_looks(tasks)
    follow_unsuccessful_events(tasks)
    follow_unsuccessful_chunks(tasks)
    follow_unsuccessful_digests(tasks)


def _on_lost(*, tasks: list[LostTask], now: datetime, **_: Any) -> None:
    lost = [
        (delivery_id, task.task_id)
        for task in tasks
        if is_delivery_step(task.task_type)
        and isinstance(task.payload, dict)
        and isinstance(delivery_id := task.payload.get("delivery"), int)
    ]
    if lost:
        follow_lost(lost, now)


def _on_stopping(*, loop: AbstractEventLoop | None, **_: Any) -> None:
    close_all(loop)


def _on_parked(*, name: str, error: str, **_: Any) -> None:
    tell_of_parked(name, error)


def _on_disabling(*, endpoint: Endpoint, reason: str, **_: Any) -> None:
    tell_owner(endpoint, reason)
