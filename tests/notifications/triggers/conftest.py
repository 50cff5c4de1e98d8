"""One-off events aimed at a real receiver."""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from notifications.models import TriggerEvent, TriggerInvocation
from notifications.triggers.scheduled_events import create_scheduled_event
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.support.receiver import Receiver

MakeEvent = Callable[..., TriggerEvent]


@pytest.fixture
def make_event(transactional_db: None, receiver: Receiver) -> MakeEvent:
    """Return a function that stores an event for the receiver, due now."""

    def make(**options: Any) -> TriggerEvent:
        given = {"webhook": receiver.url, "schedule_at": clock.now(), **options}
        return create_scheduled_event(**given)

    return make


class Clock:
    """Stands still until it is moved."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def ahead(self, **by: float) -> None:
        self.at += timedelta(**by)


@pytest.fixture
def still_clock() -> Iterator[Clock]:
    """Let the platform's clock stand, near the real time, until the test moves it."""
    standing = Clock(clock.now().replace(microsecond=0))
    with clock.frozen(lambda: standing.at):
        yield standing


def deliver(event: TriggerEvent) -> TriggerEvent:
    """Run what is due, and read the event again."""
    run_due()
    event.refresh_from_db()
    return event


def task_of(event: TriggerEvent) -> Task:
    """Give the task that delivers an event."""
    assert event.task_id is not None
    return Task.objects.get(pk=event.task_id)


def invocations(event: TriggerEvent) -> list[TriggerInvocation]:
    """Give the log of an event, the oldest first."""
    return list(TriggerInvocation.objects.filter(event=event).order_by("pk"))


def received_bodies(receiver: Receiver) -> list[Any]:
    return [json.loads(seen.body) for seen in receiver.received]
