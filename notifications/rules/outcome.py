"""How one attempt to send ended: a value that the channels make and the pipeline acts on."""

from dataclasses import dataclass, field, replace
from enum import StrEnum
from operator import attrgetter, is_
from typing import Any

from notifications.rules.provider_events import Bounce
from tasks_core.engine.json_text import LARGEST, storable, storable_json

MOST_OF_AN_ERROR, MOST_OF_AN_ID = 2_000, 200
"""Characters that are kept."""

LONGEST_WAIT = 366 * 86_400.0
"""Seconds: whoever asks for more is heard again after so many."""

_HIGHEST_CODE = 99_999
"""HTTP and SMTP have three digits; others may have more."""


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


def without_key(error: Exception) -> SendResult:
    """Return the result of a message that waits for a worker with the key of its secrets."""
    return SendResult(outcome=Outcome.THROTTLED, error=str(error), untried=True, lacks_key=True)


def storable_result(result: SendResult) -> SendResult:
    """Return a result as it can be stored and read again, whatever the other side or the channel put into it.

    Each result passes here, right after the exchange: what is wrong with one must touch neither its record
    nor those that are written with it, nor what lanes and providers learn. Its texts stay as long as they
    are (see ``fitting``).
    """
    kept = (
        _storable_text(result.error),
        _storable_code(result.status_code),
        _storable_seconds(result.retry_after),
        _storable_text(result.provider_message_id),
        _storable_object(result.request),
        _storable_object(result.response),
    )
    given = _given(result)
    if all(map(is_, kept, given)):
        return result
    changes: dict[str, Any] = dict(zip(_FROM_OUTSIDE, kept, strict=True))
    return replace(result, **changes)


_FROM_OUTSIDE = (
    "error",
    "status_code",
    "retry_after",
    "provider_message_id",
    "request",
    "response",
)
_given = attrgetter(*_FROM_OUTSIDE)


def fitting(result: SendResult) -> SendResult:
    """Cut the texts of a storable result to what is kept of them.

    When its secrets have been taken out: of one that the cut went through, the first part would not have been
    recognised.
    """
    error, message_id = result.error, result.provider_message_id
    if len(error) <= MOST_OF_AN_ERROR and len(message_id) <= MOST_OF_AN_ID:
        return result
    return replace(
        result,
        error=storable(error, limit=MOST_OF_AN_ERROR),
        provider_message_id=storable(message_id, limit=MOST_OF_AN_ID),
    )


def _storable_text(text: object) -> str:
    if not isinstance(text, str):
        return storable(str(storable_json(text)), limit=LARGEST)
    if text.isascii() and len(text) <= LARGEST and "\0" not in text:
        return text
    kept = storable(text, limit=LARGEST)
    return text if kept == text else kept


def _storable_code(code: object) -> int | None:
    return code if isinstance(code, int) and 0 <= code <= _HIGHEST_CODE else None


def _storable_seconds(seconds: object) -> float | None:
    if not isinstance(seconds, int | float) or seconds != seconds:  # noqa: PLR0124 not a number
        return None
    return min(max(seconds, 0.0), LONGEST_WAIT)


def _storable_object(value: object) -> dict[str, Any]:
    found = storable_json(value)
    return found if isinstance(found, dict) else {"value": found}
