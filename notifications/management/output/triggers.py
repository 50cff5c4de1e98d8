"""Triggers, events and invocations as commands show them."""

from typing import Any

from notifications.models import CronTrigger, TriggerEvent, TriggerInvocation
from notifications.triggers.export import describe
from notifications.triggers.listing import ListedEvent

TRIGGER_COLUMNS = ("name", "schedule", "timezone", "enabled", "webhook")
EVENT_COLUMNS = ("id", "status", "scheduled_time", "tries", "next_retry_at", "reason")
INVOCATION_COLUMNS = ("created_at", "event_id", "status", "duration", "message")


def describe_trigger(trigger: CronTrigger) -> dict[str, Any]:
    """Return a trigger; sensitive headers are masked, and the payload stays out of tables."""
    return {
        **describe(trigger),
        "disabled_reason": trigger.disabled_reason,
        "created_at": trigger.created_at,
        "updated_at": trigger.updated_at,
    }


def describe_event(event: TriggerEvent | ListedEvent) -> dict[str, Any]:
    """Return an event without its payload, as in lists of tasks."""
    if isinstance(event, ListedEvent):
        key, trigger, webhook = event.id, event.trigger_name, event.call.get("webhook")
    else:
        key, webhook = event.event_id, event.webhook or None
        trigger = event.trigger.name if event.trigger else None
    return {
        "id": key,
        "trigger": trigger,
        "status": event.status,
        "scheduled_time": event.scheduled_time,
        "tries": event.tries,
        "next_retry_at": event.next_retry_at,
        "created_at": event.created_at,
        "reason": event.reason,
        "webhook": webhook,
    }


def describe_invocation(row: TriggerInvocation) -> dict[str, Any]:
    """Return a log row: capped and redacted as it is stored."""
    data = row.response["data"]
    return {
        "id": row.pk,
        "event_id": row.event.event_id,
        "status": row.status,
        "created_at": row.created_at,
        "duration": row.duration,
        "message": data.get("message", ""),
        "request": row.request,
        "response": row.response,
    }
