"""Subscribers of events as commands show them."""

from typing import Any

from tasks_core.events.deleting import Registrations, registrations
from tasks_core.events.lag import lag_of, with_lag
from tasks_core.events.subscription import subscriptions
from tasks_core.models import EventSubscription

SUBSCRIPTION_COLUMNS = (
    "name",
    "state",
    "registered",
    "unread",
    "unread_since",
    "delivered",
    "failures",
    "error",
)


def describe_subscription(subscription: EventSubscription, known: Registrations) -> dict[str, Any]:
    """Return everything that people may see of one that ``with_lag`` has found."""
    lag = lag_of(subscription)
    return {
        "name": subscription.name,
        "state": subscription.state,
        **_registration(subscription.name, known),
        "unread": lag.events,
        "unread_since": lag.since,
        "delivered": subscription.delivered,
        "failures": subscription.failures,
        "error": subscription.error,
        "retry_at": subscription.retry_at,
        "last_event_at": subscription.last_event_at,
        "advanced_at": subscription.advanced_at,
        "claimed_at": subscription.claimed_at,
        "holder": subscription.holder,
        "created_at": subscription.created_at,
    }


def describe_one(name: str) -> dict[str, Any]:
    """Return the same of the one with this name."""
    subscription = with_lag(EventSubscription.objects.filter(name=name)).get()
    return describe_subscription(subscription, registrations())


def _registration(name: str, registered: Registrations) -> dict[str, Any]:
    """Return who has it, and what the code that runs here says of it."""
    known = subscriptions().get(name)
    return {
        "registered": registered.is_registered(name),
        "kinds": sorted(known.kinds) if known else None,
        "task_types": sorted(known.task_types) if known else None,
        "queue_name": known.queue_name if known else None,
        "batch_size": known.batch_size if known else None,
        "max_failures": known.max_failures if known else None,
        "atomic": known.atomic if known else None,
    }
