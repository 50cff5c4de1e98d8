"""What the app does when the task platform reports something."""

from typing import Any

from notifications.pipeline.ending import follow_unsuccessful
from tasks_core.signals import UnsuccessfulTask, tasks_unsuccessful


def connect() -> None:
    """Register the receivers; called once, when the app is ready."""
    tasks_unsuccessful.connect(_on_unsuccessful, dispatch_uid="notifications.unsuccessful")


def _on_unsuccessful(*, tasks: list[UnsuccessfulTask], **_: Any) -> None:
    follow_unsuccessful(tasks)
