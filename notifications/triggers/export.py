"""Cron triggers as metadata: what a project keeps in its repository and applies elsewhere."""

from typing import Any

from notifications.models import CronTrigger
from notifications.triggers.cron_triggers import get_cron_triggers
from notifications.triggers.listing import shown_call


def export_cron_triggers() -> list[dict[str, Any]]:
    """Return the definitions of all triggers with ``include_in_metadata``, by name.

    Each is what ``create_cron_trigger(**definition, replace=True)`` takes. Sensitive literal headers are
    masked, which keeps the stored value where there is one; elsewhere use ``value_from_env``.
    """
    return [describe(trigger) for trigger in get_cron_triggers().filter(include_in_metadata=True)]


def describe(trigger: CronTrigger) -> dict[str, Any]:
    """Return the definition of a trigger."""
    return {
        "name": trigger.name,
        **shown_call(trigger),
        "schedule": trigger.schedule,
        "timezone": trigger.timezone,
        "misfire_policy": trigger.misfire_policy,
        "enabled": trigger.enabled,
        "when_disabled": trigger.when_disabled,
        "include_in_metadata": trigger.include_in_metadata,
    }
