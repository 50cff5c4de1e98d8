"""What a caller asks to be sent to one receiver, and by which other channels if the first fails."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from notifications.models.endpoint import Endpoint
from notifications.models.ladder_step import LadderStep
from notifications.models.notification import Notification
from notifications.models.recipient import Recipient
from notifications.rendering.compiled import Rendered

ONE_TIME_CODE = "otp"
"""The category whose messages must expire, and whose code must be secret."""


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


@dataclass(frozen=True, kw_only=True)
class Message:
    """One entry of ``notify_many``. The fields mean what they mean in ``notify``."""

    to: str | Endpoint | Recipient
    context: Mapping[str, Any] = field(default_factory=dict)
    secret_context: Mapping[str, Any] = field(default_factory=dict, repr=False)
    expires_at: datetime | None = None
    idempotency_key: str | None = None
    supersede_key: str | None = None
    order_key: str | None = None
    correlation_id: str | None = None
    condition: str | None = None
    condition_args: Mapping[str, Any] = field(default_factory=dict)
    requester: str = ""
    resends: int = 0
    fallback: Sequence[str | Fallback] = ()


@dataclass(frozen=True, kw_only=True)
class Validated:
    """A message that may be stored: its row, and what is not in it but needed while it is stored."""

    row: Notification
    content: Rendered = field(repr=False)
    """What its template gives with its variables."""
    parts: int = 1
    """Messages that the carrier counts for it."""
    steps: Sequence[LadderStep] = ()
    """Of its fallback, not yet stored."""
    requester: str = ""
    resends: int = 0
    """How often its code may be sent again."""
