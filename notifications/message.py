"""What a caller asks to be sent to one receiver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifications.models.endpoint import Endpoint
from notifications.models.recipient import Recipient
from notifications.sending.pipeline.fallback.fallback import Fallback

ONE_TIME_CODE = "otp"
"""The category whose messages must expire, and whose code must be secret."""


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
