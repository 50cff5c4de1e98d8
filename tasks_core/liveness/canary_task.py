"""The Celery task that the probe message calls: to be run is all it has to do."""

from typing import Any

from celery import shared_task

from tasks_core.liveness.canary import TASK

OPTIONS: dict[str, Any] = {
    "Request": "tasks_core.liveness.canary_request:CanaryRequest",
    "acks_late": True,  # so that the main process hears of it after the pool has run it
    "ignore_result": True,
    "send_events": False,
    "typing": False,
}


def expose() -> None:
    """Register it with Celery."""
    shared_task(_come_back, name=TASK, **OPTIONS)


def _come_back(*_: Any) -> None:
    """Do nothing."""
