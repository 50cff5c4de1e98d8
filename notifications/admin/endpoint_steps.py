"""Switch endpoints off and on, and change their secret."""

from __future__ import annotations

from collections.abc import Sequence

from notifications.channels.webhook.endpoints import disable, enable, rotate_secret
from notifications.models import Endpoint
from tasks_core.admin.steering.each import Answers, Did, Refused, each
from tasks_core.admin.steering.reason import ReasonForm, signed_reason
from tasks_core.admin.steering.step import Step
from tasks_core.admin.steering.tally import Tally


def _disable(row: Endpoint, answers: Answers, actor: str) -> Did:
    if not disable(row.pk, reason=signed_reason(answers, actor)):
        raise Refused("were off already")
    return Did("disabled")


def _enable(row: Endpoint, answers: Answers, actor: str) -> Did:
    if not enable(row.pk):
        raise Refused("were on already")
    return Did("enabled")


def _rotate(rows: Sequence[Endpoint], answers: Answers, actor: str) -> Tally:
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
    perform=each(_disable),
    applies=lambda row: row.enabled,
    danger=True,
)

ENABLE: Step[Endpoint] = Step(
    name="enable",
    label="Enable…",
    button="Enable now",
    icon="check",
    explanation="Deliveries go to it again. Those that failed can be replayed from their dead letters.",
    perform=each(_enable),
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
