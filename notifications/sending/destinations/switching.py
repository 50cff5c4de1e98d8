"""Switching destinations off, by hand or because they are gone, and on again."""

from notifications.exceptions import InvalidProvider
from notifications.models import Delivery, Destination
from tasks_core import clock
from tasks_core.arguments import storable_arguments


@storable_arguments(InvalidProvider)
def disable_destination(channel: str, name: str, *, reason: str) -> bool:
    """Switch a destination off; False if it was off."""
    found = Destination.objects.filter(channel=channel, name=name, enabled=True)
    return bool(found.update(enabled=False, disabled_at=clock.now(), disabled_reason=reason[:200]))


def disable_gone(delivery_id: int, *, reason: str) -> None:
    """Switch the destination of a delivery off, because its receiver says that it is gone."""
    channel, name = Delivery.objects.values_list("channel", "address").get(pk=delivery_id)
    disable_destination(channel, name, reason=reason)


@storable_arguments(InvalidProvider)
def enable_destination(channel: str, name: str) -> bool:
    """Switch a destination on; False if it was on."""
    found = Destination.objects.filter(channel=channel, name=name, enabled=False)
    return bool(found.update(enabled=True, disabled_at=None, disabled_reason=""))
