"""What an attempt needs, loaded in one go."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from notifications.confidential import Redactor
from notifications.rendering.compiled import Rendered
from notifications.rules.reply_codes import codes_of


@dataclass(frozen=True, kw_only=True)
class Receiver:
    """The endpoint of a webhook delivery, as it is now."""

    endpoint_id: int
    url: str
    secrets: list[dict[str, Any]] = field(repr=False)
    enabled: bool
    disabled_reason: str


@dataclass(frozen=True, kw_only=True)
class Sendable:
    """A delivery whose attempt has begun."""

    delivery_id: int
    number: int
    """Of this attempt, from 1."""
    channel: str
    message_id: str
    address: str
    throttled: int
    content: Rendered
    is_secret: bool
    redactor: Redactor = field(repr=False)
    expires_at: datetime | None
    has_fallback: bool = False
    receiver: Receiver | None = None
    slot: int = 0
    """When its place in the endpoint's lane was taken; see notifications.sending.endpoint_lanes."""
    unsubscribe_url: str = field(default="", repr=False)
    """Where the receiver can switch such mail off; empty for what cannot be."""

    def quoted(self, words: str, limit: int) -> str:
        """Return words of the other side as they may be kept: of those about a secret message only codes."""
        return codes_of(words) if self.is_secret else self.redactor.clean_of_all(words, limit)

    def is_late(self, now: datetime) -> bool:
        """Return whether the message may no longer be sent."""
        return self.expires_at is not None and self.expires_at <= now

    def seconds_left(self, now: datetime) -> float | None:
        """Return the seconds until the message may no longer be sent, or None."""
        return None if self.expires_at is None else (self.expires_at - now).total_seconds()


@dataclass(frozen=True)
class NotSendable:
    """A delivery that has ended, or may not be tried again."""

    state: str
    refusal: str = ""
    """Why it cannot be sent; empty when there is simply nothing left to do."""
    may_recover: bool = False
    """Another attempt may find it sendable."""
    wait: float = 0.0
    """Seconds after which to ask again, without using up an attempt; ``refusal`` says why. The task may be
    woken before that."""
    lacks_key: bool = False
    """This worker cannot open a secret of it; another one may."""
