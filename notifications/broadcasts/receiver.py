"""One entry of an audience, as the caller gives it."""

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from notifications.channel_api.channel import Address
from notifications.keys.address_hash import address_hash
from notifications.models import Endpoint, Recipient


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Who gets the message, and the variables that are only theirs."""

    to: str | Endpoint | Recipient
    """A mail address, an Endpoint, the URL of a registered endpoint, a Recipient or the key of one."""
    context: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the template, as plain JSON."""
    locale: str = ""
    """Language tag; empty takes the recipient's own, then the broadcast's."""


def identity_of(channel: str, address: Address) -> uuid.UUID:
    """Return what two entries for the same receiver have in common.

    It is a keyed hash, because it outlives the address in the keys of notifications. All spellings of an
    address are one.
    """
    if address.endpoint:
        return identity_of_text(f"endpoint {address.endpoint.pk}")
    return uuid.UUID(hex=address_hash(channel, address.text))


def identity_of_text(text: str) -> uuid.UUID:
    """Return the identity of an entry that is no address."""
    return uuid.UUID(hex=address_hash("", text))
