"""What the app does when the task platform reports something."""

from asyncio import AbstractEventLoop
from typing import Any

from notifications.closing import close_all
from notifications.duties import make_duties
from notifications.pipeline.ending import follow_unsuccessful
from notifications.triggers.duties import make_duties as make_trigger_duties
from notifications.triggers.ending import follow_unsuccessful_events
from tasks_core.duties import add_duties
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful, worker_process_stopping


def connect() -> None:
    """Register the receivers and the duties for beat; called once, when the app is ready."""
    tasks_unsuccessful.connect(_on_unsuccessful, dispatch_uid="notifications.unsuccessful")
    worker_process_stopping.connect(_on_stopping, dispatch_uid="notifications.stopping")
    add_duties(make_duties)
    add_duties(make_trigger_duties)


def _on_unsuccessful(*, tasks: list[UnsuccessfulTask], **_: Any) -> None:
    follow_unsuccessful(tasks)
    follow_unsuccessful_events(tasks)


def _on_stopping(*, loop: AbstractEventLoop | None, **_: Any) -> None:
    close_all(loop)
