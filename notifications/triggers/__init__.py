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

from typing import TYPE_CHECKING

from tasks_core.public_names import imported_on_use

if TYPE_CHECKING:
    from notifications.triggers.cron_triggers import (
        create_cron_trigger,
        delete_cron_trigger,
        get_cron_trigger,
        get_cron_triggers,
    )
    from notifications.triggers.export import export_cron_triggers
    from notifications.triggers.listing import (
        get_scheduled_event_invocations,
        get_scheduled_events,
    )
    from notifications.triggers.redelivery import redeliver_event
    from notifications.triggers.retry_conf import RetryConf
    from notifications.triggers.scheduled_events import (
        cancel_scheduled_event,
        create_scheduled_event,
        delete_scheduled_event,
        get_event,
    )
    from notifications.triggers.switching import disable_cron_trigger, enable_cron_trigger

__all__ = [
    "RetryConf",
    "cancel_scheduled_event",
    "create_cron_trigger",
    "create_scheduled_event",
    "delete_cron_trigger",
    "delete_scheduled_event",
    "disable_cron_trigger",
    "enable_cron_trigger",
    "export_cron_triggers",
    "get_cron_trigger",
    "get_cron_triggers",
    "get_event",
    "get_scheduled_event_invocations",
    "get_scheduled_events",
    "redeliver_event",
]

__getattr__ = imported_on_use(__name__, __file__)
