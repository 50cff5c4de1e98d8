"""Attempts in the midst of which a channel raised an error, although every outcome should be a result."""

import logging

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import MOST_OF_AN_ERROR, Outcome, SendResult, without_key
from tasks_core import PermanentError, RetryAfter
from tasks_core.encryption import KeyMissing

logger = logging.getLogger(__name__)


def failed(sendable: Sendable, error: Exception) -> SendResult:
    """Return the result of an attempt in which the channel, its carrier or our own code raised ``error``.

    Nobody can say how far it came, so it may have arrived: it goes on record as such, its place comes free
    and breakers learn, instead of being open until somebody takes the worker for lost.
    """
    if isinstance(error, KeyMissing):
        return without_key(error)
    if isinstance(error, PermanentError | RetryAfter):  # it says itself what follows
        return _as_said(sendable, error)
    logger.error(
        "delivery %d: channel %s raised an error while it was sending",
        sendable.delivery_id,
        sendable.channel,
        exc_info=error,
    )
    told = f"an unexpected {type(error).__name__} while it was sent (see the worker's log)"
    return SendResult(outcome=Outcome.AMBIGUOUS, error=f"{told}; it may have arrived")


def _as_said(sendable: Sendable, error: PermanentError | RetryAfter) -> SendResult:
    said = sendable.redactor.clean_of_all(str(error), MOST_OF_AN_ERROR)
    if isinstance(error, PermanentError):
        return SendResult(outcome=Outcome.PERMANENT, error=said)
    return SendResult(outcome=Outcome.TRANSIENT, error=said, retry_after=error.seconds)
