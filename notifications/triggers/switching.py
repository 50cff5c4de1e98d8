"""Cron triggers switched off and on."""

from django.db import transaction

from notifications.exceptions import InvalidTrigger, TriggerNotFound
from notifications.models import CronTrigger
from notifications.triggers.schedules import keep_schedule
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments


@storable_arguments(InvalidTrigger)
def disable_cron_trigger(name: str, *, reason: str) -> bool:
    """Switch a trigger off: no ticks and no deliveries until it is enabled; False if it was off.

    Its events that are due meanwhile end as ``when_disabled`` says.

    Raises:
        TriggerNotFound: there is none of that name.
        InvalidTrigger: no reason is given.
    """
    if not reason.strip():
        raise InvalidTrigger("reason", "must say why the trigger is disabled")
    return _switch(CronTrigger.objects.filter(name=name).first(), enabled=False, reason=reason)


@storable_arguments(InvalidTrigger)
def enable_cron_trigger(name: str) -> bool:
    """Switch a trigger on; it ticks from now. False if it was on.

    Raises:
        TriggerNotFound: there is none of that name.
    """
    return _switch(CronTrigger.objects.filter(name=name).first(), enabled=True, reason="")


def disable_gone(trigger_id: int, reason: str) -> bool:
    """Disable a trigger whose webhook has answered 410; False if it was off or is gone."""
    trigger = CronTrigger.objects.filter(pk=trigger_id).first()
    return trigger is not None and _switch(trigger, enabled=False, reason=reason)


def _switch(trigger: CronTrigger | None, *, enabled: bool, reason: str) -> bool:
    if trigger is None:
        raise TriggerNotFound("there is no cron trigger of this name")
    now = clock.now()
    with transaction.atomic(using=database.alias()):
        changed = CronTrigger.objects.filter(pk=trigger.pk, enabled=not enabled).update(
            enabled=enabled,
            disabled_reason=reason[:200],
            disabled_at=None if enabled else now,
            updated_at=now,
        )
        if changed:
            keep_schedule(CronTrigger.objects.get(pk=trigger.pk))  # as it is now, under the lock
    return bool(changed)
