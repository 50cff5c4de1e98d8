"""Switch endpoints off and on, and change their secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from notifications.channels.webhook.endpoints import disable, enable, rotate_secret
from notifications.models import Endpoint
from tasks_core.admin.steering.step import Step
from tasks_core.admin.steering.tally import Tally
from tasks_core.admin.task_steps import ReasonForm


def _disable(rows: Sequence[Endpoint], answers: Mapping[str, Any], actor: str) -> Tally:
    tally = Tally()
    for row in rows:
        if disable(row.pk, reason=f"{answers['reason']} ({actor})"):
            tally.did("disabled", row.pk)
        else:
            tally.refuse("were off already")
    return tally


def _enable(rows: Sequence[Endpoint], answers: Mapping[str, Any], actor: str) -> Tally:
    tally = Tally()
    for row in rows:
        if enable(row.pk):
            tally.did("enabled", row.pk)
        else:
            tally.refuse("were on already")
    return tally


def _rotate(rows: Sequence[Endpoint], answers: Mapping[str, Any], actor: str) -> Tally:
    tally = Tally()
    tally.revealed = rotate_secret(rows[0])
    tally.did("given a new secret", rows[0].pk)
    return tally


DISABLE: Step[Endpoint] = Step(
    name="disable",
    label="Disable…",
    button="Disable now",
    icon="block",
    explanation="Nothing is sent to it until it is enabled; deliveries meanwhile fail and say why.",
    form=ReasonForm,
    perform=_disable,
    applies=lambda row: row.enabled,
    danger=True,
)

ENABLE: Step[Endpoint] = Step(
    name="enable",
    label="Enable…",
    button="Enable now",
    icon="check",
    explanation="Deliveries go to it again. Those that failed can be replayed from their dead letters.",
    perform=_enable,
    applies=lambda row: not row.enabled,
)

ROTATE: Step[Endpoint] = Step(
    name="rotate-secret",
    label="New secret…",
    button="Make a new secret",
    icon="key",
    explanation=(
        "A new signing secret is made and shown once. The old one goes on signing for the time of grace, "
        "so that the receiver can change at its own time."
    ),
    perform=_rotate,
    applies=lambda _: True,
    in_bulk=False,
)
