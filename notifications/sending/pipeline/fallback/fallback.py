"""What a caller says of one step of a ladder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from notifications.models.endpoint import Endpoint


@dataclass(frozen=True, kw_only=True)
class Fallback:
    """Another channel, for when those before it do not reach the receiver.

    The step begins at once when the delivery before it has failed for good, was rejected, bounced, or
    was suppressed by a preference or the suppression list. With ``after`` it also begins if no earlier
    delivery has come as far as ``until`` by then.
    """

    channel: str
    """``email``, ``sms`` and so on. The template must be written for it."""
    to: str | Endpoint | None = None
    """An address of that channel; None takes the one of the recipient that the notification is for."""
    after: timedelta | None = None
    """How long to wait after the step before has begun; None waits until that has failed."""
    until: Literal["sent", "delivered"] = "sent"
    """What must have happened by then. ``delivered`` needs reports of the provider, and ``after``."""
