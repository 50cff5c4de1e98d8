"""What the commands show of a notification; its context stays out, as in lists of tasks."""

from typing import Any

from notifications.models import Notification

NOTIFICATION_COLUMNS = ("id", "state", "template", "channel", "run_after", "expires_at")


def describe_notification(notification: Notification) -> dict[str, Any]:
    """Return what may be seen."""
    version = notification.template_version
    return {
        "id": notification.pk,
        "state": notification.state,
        "template": version.template.name,
        "template_version": version.number,
        "channel": notification.channel,
        "address": notification.address,
        "category": notification.category,
        "critical": notification.critical,
        "is_test": notification.is_test,
        "run_after": notification.run_after,
        "expires_at": notification.expires_at,
        "idempotency_key": notification.idempotency_key,
        "correlation_id": notification.correlation_id,
        "fallback": _fallback(notification),
    }


def _fallback(notification: Notification) -> list[dict[str, Any]]:
    steps = notification.ladder_steps.order_by("position") if notification.has_fallback else ()
    return [
        {
            "channel": step.channel,
            "address": step.address,
            "after": step.after.total_seconds() if step.after else None,
            "until": step.until,
            "state": step.state,
            "reason": step.reason,
        }
        for step in steps
    ]
