"""Scheduled triggers: webhooks that are called at certain times.

    from notifications import triggers

    triggers.create_cron_trigger(
        "nightly-report",
        webhook="https://example.com/report",
        schedule="0 3 * * *",
        timezone="Europe/Berlin",
        headers=[{"name": "X-Token", "value_from_env": "HOOK_REPORT_TOKEN"}],
        retry_conf={"num_retries": 3, "retry_interval_seconds": 30},
    )
    triggers.create_scheduled_event(
        webhook="https://example.com/remind",
        schedule_at="2036-07-01T09:00:00Z",
        payload={"invoice": 17},
    )

Everything joins the caller's transaction. What a trigger calls is checked when it is written; the token of
this one is sent if the setting ``TRIGGER_ENV_HOSTS`` names ``HOOK_REPORT_TOKEN=example.com``.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notifications.triggers.cron_triggers import create_cron_trigger as create_cron_trigger
    from notifications.triggers.cron_triggers import delete_cron_trigger as delete_cron_trigger
    from notifications.triggers.cron_triggers import get_cron_trigger as get_cron_trigger
    from notifications.triggers.cron_triggers import get_cron_triggers as get_cron_triggers
    from notifications.triggers.export import export_cron_triggers as export_cron_triggers
    from notifications.triggers.listing import (
        get_scheduled_event_invocations as get_scheduled_event_invocations,
    )
    from notifications.triggers.listing import get_scheduled_events as get_scheduled_events
    from notifications.triggers.redelivery import redeliver_event as redeliver_event
    from notifications.triggers.retry_conf import RetryConf as RetryConf
    from notifications.triggers.scheduled_events import (
        cancel_scheduled_event as cancel_scheduled_event,
    )
    from notifications.triggers.scheduled_events import (
        create_scheduled_event as create_scheduled_event,
    )
    from notifications.triggers.scheduled_events import (
        delete_scheduled_event as delete_scheduled_event,
    )
    from notifications.triggers.scheduled_events import get_event as get_event
    from notifications.triggers.switching import disable_cron_trigger as disable_cron_trigger
    from notifications.triggers.switching import enable_cron_trigger as enable_cron_trigger

_PLACES = {
    "RetryConf": "retry_conf",
    "cancel_scheduled_event": "scheduled_events",
    "create_cron_trigger": "cron_triggers",
    "create_scheduled_event": "scheduled_events",
    "delete_cron_trigger": "cron_triggers",
    "delete_scheduled_event": "scheduled_events",
    "disable_cron_trigger": "switching",
    "enable_cron_trigger": "switching",
    "export_cron_triggers": "export",
    "get_cron_trigger": "cron_triggers",
    "get_cron_triggers": "cron_triggers",
    "get_event": "scheduled_events",
    "get_scheduled_event_invocations": "listing",
    "get_scheduled_events": "listing",
    "redeliver_event": "redelivery",
}

__all__ = sorted(_PLACES)  # noqa: PLE0605


def __getattr__(name: str) -> Any:
    """Import on first use: Django imports this package before its models may be."""
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{place}"), name)
