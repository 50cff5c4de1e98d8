"""Switch cron triggers off and on."""

from notifications.admin.toolkit.switching_actions import disabling, enabling
from notifications.models import CronTrigger
from notifications.triggers import disable_cron_trigger, enable_cron_trigger
from tasks_core.admin.toolkit import Action

DISABLE: Action[CronTrigger] = disabling(
    lambda row, reason: disable_cron_trigger(row.name, reason=reason),
    "It ticks no more until it is enabled. Its events that are due meanwhile end undelivered.",
    icon="pause",
)

ENABLE: Action[CronTrigger] = enabling(
    lambda row: enable_cron_trigger(row.name),
    "It ticks from now on. What was left out while it was off is not made up for.",
    icon="play_arrow",
)
