"""Switch cron triggers off and on."""

from __future__ import annotations

from notifications.models import CronTrigger
from notifications.triggers import disable_cron_trigger, enable_cron_trigger
from tasks_core.admin.steering.each import Answers, Did, Refused, each
from tasks_core.admin.steering.reason import ReasonForm, signed_reason
from tasks_core.admin.steering.step import Step


def _disable(row: CronTrigger, answers: Answers, actor: str) -> Did:
    if not disable_cron_trigger(row.name, reason=signed_reason(answers, actor)):
        raise Refused("were off already")
    return Did("disabled")


def _enable(row: CronTrigger, answers: Answers, actor: str) -> Did:
    if not enable_cron_trigger(row.name):
        raise Refused("were on already")
    return Did("enabled")


DISABLE: Step[CronTrigger] = Step(
    name="disable",
    label="Disable…",
    button="Disable now",
    icon="pause",
    explanation="It ticks no more until it is enabled. Its events that are due meanwhile end undelivered.",
    form=ReasonForm,
    perform=each(_disable),
    applies=lambda row: row.enabled,
    danger=True,
)

ENABLE: Step[CronTrigger] = Step(
    name="enable",
    label="Enable…",
    button="Enable now",
    icon="play_arrow",
    explanation="It ticks from now on. What was left out while it was off is not made up for.",
    perform=each(_enable),
    applies=lambda row: not row.enabled,
)
