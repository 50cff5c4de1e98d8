"""The body that a webhook gets: the configured payload, wrapped."""

from typing import Any

from notifications.models import TriggerEvent
from notifications.triggers.definition import Definition
from notifications.triggers.timestamps import written


def wrapped(event: TriggerEvent, definition: Definition) -> dict[str, Any]:
    """Return the body for an event; what does not apply to it is left out.

    ``id`` is the same for every attempt: receivers know by it what they have had before.
    """
    body: dict[str, Any] = {
        "scheduled_time": written(event.scheduled_time),
        "payload": definition.payload,
    }
    if event.trigger is not None:
        body["name"] = event.trigger.name
    body["id"] = str(event.event_id)
    if definition.comment:
        body["comment"] = definition.comment
    if event.trigger is None:
        body["created_at"] = written(event.created_at)
    if event.redelivery_of is not None:
        body["redelivery_of"] = str(event.redelivery_of.event_id)
    return body
