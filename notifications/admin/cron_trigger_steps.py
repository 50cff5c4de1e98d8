"""Switch cron triggers off and on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from notifications.models import CronTrigger
from notifications.triggers import disable_cron_trigger, enable_cron_trigger
from tasks_core.admin.steering.step import Step
from tasks_core.admin.steering.tally import Tally
from tasks_core.admin.task_steps import ReasonForm


def _disable(rows: Sequence[CronTrigger], answers: Mapping[str, Any], actor: str) -> Tally:
    tally = Tally()
    for row in rows:
        if disable_cron_trigger(row.name, reason=f"{answers['reason']} ({actor})"):
            tally.did("disabled", row.pk)
        else:
            tally.refuse("were off already")
    return tally


def _enable(rows: Sequence[CronTrigger], answers: Mapping[str, Any], actor: str) -> Tally:
    tally = Tally()
    for row in rows:
        if enable_cron_trigger(row.name):
            tally.did("enabled", row.pk)
        else:
            tally.refuse("were on already")
    return tally


DISABLE: Step[CronTrigger] = Step(
    name="disable",
    label="Disable…",
    button="Disable now",
    icon="pause",
    explanation="It ticks no more until it is enabled. Its events that are due meanwhile end undelivered.",
    form=ReasonForm,
    perform=_disable,
    applies=lambda row: row.enabled,
    danger=True,
)

ENABLE: Step[CronTrigger] = Step(
    name="enable",
    label="Enable…",
    button="Enable now",
    icon="play_arrow",
    explanation="It ticks from now on. What was left out while it was off is not made up for.",
    perform=_enable,
    applies=lambda row: not row.enabled,
)
