"""Switch sources of events off and on, and change their secret."""

from __future__ import annotations

from collections.abc import Sequence

from notifications.models import EventSource
from notifications.provider_events.sources import rotate_source_secret
from tasks_core.admin.steering.each import Answers, Did, Refused, each
from tasks_core.admin.steering.step import Step
from tasks_core.admin.steering.tally import Tally


def _switched(row: EventSource, enabled: bool) -> bool:
    found = EventSource.objects.filter(pk=row.pk, enabled=not enabled)
    return bool(found.update(enabled=enabled))


def _disable(row: EventSource, answers: Answers, actor: str) -> Did:
    if not _switched(row, False):
        raise Refused("were off already")
    return Did("disabled")


def _enable(row: EventSource, answers: Answers, actor: str) -> Did:
    if not _switched(row, True):
        raise Refused("were on already")
    return Did("enabled")


def _rotate(rows: Sequence[EventSource], answers: Answers, actor: str) -> Tally:
    tally = Tally()
    tally.revealed = rotate_source_secret(rows[0])
    tally.did("given a new secret", rows[0].pk)
    return tally


DISABLE: Step[EventSource] = Step(
    name="disable",
    label="Disable…",
    button="Disable now",
    icon="block",
    explanation="Its events are refused until it is enabled. Most providers try again for a while.",
    perform=each(_disable),
    applies=lambda row: row.enabled,
    danger=True,
)

ENABLE: Step[EventSource] = Step(
    name="enable",
    label="Enable…",
    button="Enable now",
    icon="check",
    explanation="Its events are taken again.",
    perform=each(_enable),
    applies=lambda row: not row.enabled,
)

ROTATE: Step[EventSource] = Step(
    name="rotate-secret",
    label="New secret…",
    button="Make a new secret",
    icon="key",
    explanation=(
        "A new signing secret is made and shown once. The old one counts for the time of grace, so that the "
        "source can change at its own time."
    ),
    perform=_rotate,
    applies=lambda _: True,
    in_bulk=False,
)
