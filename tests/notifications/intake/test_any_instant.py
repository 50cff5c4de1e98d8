"""Whatever instant a caller names, it is refused in words, or what is stored can be read everywhere."""

from collections.abc import Callable
from contextlib import suppress as ignoring
from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest
from django.core.management import CommandError, call_command
from django.db import models
from hypothesis import given
from hypothesis import strategies as st

from notifications.api import Receiver, create_broadcast, notify, suppress, suppressions_of
from notifications.exceptions import NotificationsError
from notifications.models import (
    Broadcast,
    Notification,
    Suppression,
    TemplateVersion,
    TriggerEvent,
)
from notifications.people.suppression.importing import import_suppressions
from notifications.rules.suppressions import Reason
from notifications.triggers.scheduled_events import create_scheduled_event
from tasks_core.models import Task
from tests.support.instants import OFTEN, instants

pytestmark = pytest.mark.django_db

SAMPLE = {"number": 1, "name": "Ada", "amount": "1.00"}


def send(**times: Any) -> object:
    return notify("receipt", to="ada@example.com", context=SAMPLE, **times)


def broadcast(**times: Any) -> object:
    receivers = [Receiver(to="ada@example.com", context=SAMPLE)]
    return create_broadcast(f"b-{uuid4()}", "receipt", receivers, **times)


def imported(at: datetime) -> object:
    lines = ["address,expires_at", f"ada@example.com,{at.isoformat()}"]
    return import_suppressions(lines, channel="email", reason=Reason.MANUAL, source="a test")


def sent_by_command(at: datetime) -> object:
    return call_command(
        "send_notification", "receipt", "--to=ada@example.com", f"--run-after={at.isoformat()}"
    )


DOORS: dict[str, Callable[[datetime], object]] = {
    "run_after": lambda at: send(run_after=at),
    "expires_at": lambda at: send(expires_at=at),
    "broadcast.run_after": lambda at: broadcast(run_after=at),
    "broadcast.expires_at": lambda at: broadcast(expires_at=at),
    "suppress": lambda at: suppress("email", "ada@example.com", expires_at=at),
    "import_suppressions": imported,
    "schedule_at": lambda at: create_scheduled_event(webhook="https://a.example", schedule_at=at),
    "send_notification": sent_by_command,
}
ROWS: tuple[type[models.Model], ...] = (Notification, Broadcast, Suppression, TriggerEvent, Task)


@OFTEN
@given(st.sampled_from(sorted(DOORS)), instants)
def test_an_instant_is_refused_or_can_be_read_again(
    receipt: TemplateVersion, door: str, at: datetime
) -> None:
    with ignoring(NotificationsError, CommandError):
        DOORS[door](at)
    # Neither is the caller's transaction broken, nor anything there that cannot be read.
    for model in ROWS:
        list(model._default_manager.all())
    suppressions_of("email", "ada@example.com")
