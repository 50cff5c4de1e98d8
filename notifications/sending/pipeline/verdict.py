"""What follows from the outcome of an attempt: the end, or another attempt, and when."""

from random import Random

from notifications.channel_api.sendable import NotSendable, Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.states import DeliveryState
from tasks_core import PermanentError, RetryAfter, Snooze
from tasks_core.encryption import KeyMissing

MAX_THROTTLED = 20
"""So often a receiver may ask for fewer requests without using up an attempt."""

_rng = Random()


class DeliveryFailed(Exception):
    """The receiver did not take the message; it is tried again by the task's policy."""


def conclude(sendable: Sendable, result: SendResult) -> dict[str, str]:
    """Tell the platform how the task goes on.

    Returns:
        the task's result, when the delivery has ended and nothing is left to do.

    Raises:
        PermanentError, RetryAfter, Snooze, DeliveryFailed: there is no end yet.
    """
    if result.outcome.is_success:
        return {"state": DeliveryState.SENT.value}
    if result.outcome is Outcome.EXPIRED:
        return {"state": DeliveryState.EXPIRED.value}
    if result.outcome is Outcome.PERMANENT:
        raise PermanentError(result.error)
    if result.outcome is Outcome.THROTTLED and sendable.throttled < MAX_THROTTLED:
        raise Snooze(_spread(result.retry_after or _throttled_wait(sendable)), result.error)
    if result.retry_after is not None:
        raise RetryAfter(_spread(result.retry_after), result.error)
    raise DeliveryFailed(result.error)


def nothing_to_send(found: NotSendable) -> dict[str, str]:
    """Return the result of a task whose delivery has ended already.

    Raises:
        PermanentError, DeliveryFailed: it cannot be sent; for example a replay that comes too late.
        Snooze: it must not be sent now.
        KeyMissing: it must not be sent by this worker.
    """
    if found.lacks_key:
        raise KeyMissing(found.refusal)
    if found.wait:
        raise Snooze(found.wait, found.refusal)
    if found.refusal and found.may_recover:
        raise DeliveryFailed(found.refusal)
    if found.refusal:
        raise PermanentError(found.refusal)
    return {"state": str(found.state)}


def _throttled_wait(sendable: Sendable) -> float:
    return float(min(300, 5 * 2**sendable.throttled))


def _spread(seconds: float) -> float:
    """Lengthen a wait by up to a quarter, so that all who were told it do not come back at once."""
    return seconds * _rng.uniform(1.0, 1.25)
