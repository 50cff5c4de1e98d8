"""Callers name destinations; here the names are looked up."""

from notifications.channel_api.channel import Address
from notifications.models import Destination, Endpoint


def destination_addresses(channel: str, receivers: list[str | Endpoint]) -> list[Address | str]:
    """Find the destination of each name, with one query; a text says what is wrong with one."""
    names = {to for to in receivers if isinstance(to, str)}
    found = {row.name: row for row in Destination.objects.filter(channel=channel, name__in=names)}
    return [_address(channel, to, found) for to in receivers]


def _address(channel: str, to: str | Endpoint, found: dict[str, Destination]) -> Address | str:
    row = found.get(to) if isinstance(to, str) else None
    if row is None:
        return (
            f"is not a destination of channel {channel}; give the name that "
            f"register_destination(..., channel='{channel}') was called with"
        )
    if not row.enabled:
        return f"is a destination that is switched off: {row.disabled_reason or 'by an operator'}"
    return Address(row.name)
