"""One entry of an audience, as the caller gives it."""

import hashlib
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from notifications.channels.channel import Address
from notifications.models import Endpoint


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """Who gets the message, and the variables that are only theirs."""

    to: str | Endpoint
    """A mail address, an Endpoint, or the URL of a registered endpoint."""
    context: Mapping[str, Any] = field(default_factory=dict)
    """Variables of the template, as plain JSON."""
    locale: str = ""
    """Language tag; empty takes the broadcast's."""


def identity_of(address: Address) -> uuid.UUID:
    """Give what two entries for the same receiver have in common.

    Upper and lower case are one: no mail server that people meet tells them apart.
    """
    key = f"endpoint {address.endpoint.pk}" if address.endpoint else address.text.lower()
    return identity_of_text(key)


def identity_of_text(text: str) -> uuid.UUID:
    """Give the identity of an entry that is no address."""
    return uuid.UUID(bytes=hashlib.sha256(text.encode("utf-8", "replace")).digest()[:16])
