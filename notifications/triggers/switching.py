"""Cron triggers switched off and on."""

from notifications.models import CronTrigger
from tasks_core import clock


def disable_gone(trigger_id: int, reason: str) -> bool:
    """Disable a trigger whose webhook has answered 410; False if it was off."""
    return bool(
        CronTrigger.objects.filter(pk=trigger_id, enabled=True).update(
            enabled=False, disabled_reason=reason[:200], disabled_at=clock.now()
        )
    )
