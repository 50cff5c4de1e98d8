"""What callers say of a ladder, checked as far as it needs no database."""

from collections.abc import Sequence
from datetime import timedelta

from notifications.channel_api.channel import Channel
from notifications.channel_api.registry import channel_named
from notifications.exceptions import InvalidNotification
from notifications.message import Fallback, Message
from notifications.rules.fallback import Until

MAX_STEPS = 5
LONGEST = timedelta(days=30)


def check_steps(message: Message) -> list[Fallback]:
    """Return the steps of a message, whose short form is the name of a channel.

    Raises:
        InvalidNotification: names the step and its argument.
    """
    given: object = message.fallback
    if isinstance(given, str) or not isinstance(given, Sequence):
        raise InvalidNotification(
            "fallback", "give a list of channels or of Fallback, such as ['email']"
        )
    if len(given) > MAX_STEPS:
        raise InvalidNotification("fallback", f"has {len(given)} steps; the limit is {MAX_STEPS}")
    if given and message.order_key is not None:
        raise InvalidNotification(
            "order_key", "cannot be kept by a message with a fallback; leave one of them out"
        )
    return [_checked(one, f"fallback[{place}]") for place, one in enumerate(given)]


def channel_of(step: Fallback, field: str, *, is_secret: bool) -> Channel:
    """Return the channel of a step.

    Raises:
        InvalidNotification: there is none, or it may not carry what is secret.
    """
    try:
        channel = channel_named(step.channel)
    except InvalidNotification as error:
        raise InvalidNotification(f"{field}.channel", error.problem) from None
    if is_secret and not channel.carries_secrets:
        raise InvalidNotification(
            f"{field}.channel",
            f"{channel.kind} cannot carry secret_context: messages are kept there; use another one",
        )
    return channel


def _checked(given: object, field: str) -> Fallback:
    if isinstance(given, str):
        return Fallback(channel=given)
    if not isinstance(given, Fallback):
        raise InvalidNotification(
            field, f"is a {type(given).__name__}; give a channel or a Fallback"
        )
    if not isinstance(given.channel, str):
        raise InvalidNotification(f"{field}.channel", "give the name of a channel, such as 'email'")
    _check_after(given.after, f"{field}.after")
    _check_until(given, field)
    return given


def _check_after(after: object, field: str) -> None:
    if after is None:
        return
    if not isinstance(after, timedelta):
        raise InvalidNotification(
            field, f"is a {type(after).__name__}; give a timedelta such as timedelta(minutes=5)"
        )
    if not timedelta(0) < after <= LONGEST:
        raise InvalidNotification(
            field,
            f"give more than nothing and at most {LONGEST.days} days; leave it out to go on only "
            "when the step before has failed",
        )


def _check_until(given: Fallback, field: str) -> None:
    words = [word.value for word in Until]
    if given.until not in words:
        raise InvalidNotification(f"{field}.until", f"must be {' or '.join(words)}")
    if given.until == "delivered" and given.after is None:
        raise InvalidNotification(
            f"{field}.after", "is required with until='delivered': how long may the report take?"
        )
