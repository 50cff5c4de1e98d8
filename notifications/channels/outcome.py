"""How one attempt to send ended: a value that the channels make and the pipeline acts on."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from notifications.rules.provider_events import Bounce
from tasks_core.sealing import KeyMissing


class Outcome(StrEnum):
    """The classes of outcome. What follows from each is decided in ``pipeline.verdict``."""

    SUCCESS = "success"
    """The receiver took the message."""
    TRANSIENT = "transient"
    """The receiver did not take it now; it may later."""
    PERMANENT = "permanent"
    """The receiver will not take it, however often it is tried."""
    THROTTLED = "throttled"
    """The receiver asks for fewer requests; nothing is wrong with this one."""
    AMBIGUOUS = "ambiguous"
    """The message was sent, or part of it, and no answer came: it may have arrived."""
    EXPIRED = "expired"
    """Time ran out before anything was sent."""
    SANDBOX = "sandbox"
    """The sandbox is on: the message was held back, or went elsewhere, and counts as sent."""

    @property
    def is_success(self) -> bool:
        """Whether nothing is left to do because the message counts as sent."""
        return self in (Outcome.SUCCESS, Outcome.SANDBOX)


@dataclass(frozen=True, kw_only=True)
class SendResult:
    """What one attempt showed, ready for the attempt log: secrets are already taken out."""

    outcome: Outcome
    error: str = ""
    """What went wrong, for an operator; empty after a success."""
    status_code: int | None = None
    """HTTP status or SMTP reply code, where there was one."""
    retry_after: float | None = None
    """Seconds the receiver asked us to wait."""
    provider_message_id: str = ""
    request: dict[str, Any] = field(default_factory=dict)
    response: dict[str, Any] = field(default_factory=dict)
    endpoint_gone: bool = False
    """The receiver says that it will never take anything again at this address."""
    destination_gone: str = ""
    """The same, of the destination of this name."""
    try_next: bool = False
    """Another provider may take it, although this one will not."""
    about_receiver: bool = False
    """The receiver, and not who carries messages there, is why it could not be taken now."""
    bounce: Bounce | None = None
    """The server proves that the address does not work, or did not this time."""
    untried: bool = False
    """Nobody takes anything now, so nothing was sent and this was no attempt; ``retry_after`` says when to
    come back."""
    lacks_key: bool = False
    """The same, because this worker cannot open a secret; the platform says when to come back."""


def without_key(error: KeyMissing) -> SendResult:
    """Give the result of a message that waits for a worker with the key of its secrets."""
    return SendResult(outcome=Outcome.THROTTLED, error=str(error), untried=True, lacks_key=True)
