"""What the error codes of Twilio's API mean for a message (twilio.com/docs/api/errors)."""

from dataclasses import dataclass

from notifications.rules.outcome import Outcome
from notifications.sending.providers.answer import outcome_of_status


@dataclass(frozen=True)
class Meaning:
    """The class of an error, our words for it, and whether another gateway may do better."""

    outcome: Outcome
    text: str
    try_next: bool = False
    about_receiver: bool = False


def _never(text: str) -> Meaning:
    """The number or the text is wrong, whoever carries it."""
    return Meaning(Outcome.PERMANENT, text)


def _not_here(text: str) -> Meaning:
    """This account cannot; another one may."""
    return Meaning(Outcome.PERMANENT, text, try_next=True)


def _later(text: str) -> Meaning:
    """Nothing is wrong with the message; somebody or time will mend it."""
    return Meaning(Outcome.TRANSIENT, text, try_next=True)


def _not_now(text: str) -> Meaning:
    """The receiver cannot be reached now; the gateway works."""
    return Meaning(Outcome.TRANSIENT, text, try_next=True, about_receiver=True)


_MEANINGS = {
    20003: _later("the credentials are refused"),
    20005: _later("the account is not active"),
    20429: Meaning(Outcome.THROTTLED, "too many requests", try_next=True),
    14107: Meaning(Outcome.THROTTLED, "too many messages at once", try_next=True),
    21211: _never("the number is not valid"),
    21214: _never("the number cannot be reached"),
    21217: _never("the number is not valid"),
    21265: _never("a short code cannot be sent to"),
    21266: _never("sender and receiver are the same number"),
    21401: _not_here("the sender's number is not valid"),
    21408: _not_here("the account may not send to this country"),
    21601: _not_here("the sender's number cannot send SMS"),
    21602: _never("the text is empty"),
    21603: _not_here("the sender is missing"),
    21604: _never("the number is missing"),
    21605: _never("the text is too long"),
    21606: _not_here("the sender's number is not of this account"),
    21608: _not_here("a trial account sends to verified numbers only"),
    21610: _never("the receiver has unsubscribed from this sender"),
    21611: Meaning(Outcome.THROTTLED, "the queue of the sender is full", try_next=True),
    21612: _not_here("this sender cannot reach this number"),
    21614: _never("the number is not a mobile one"),
    21617: _never("the text is too long"),
    21635: _never("the number is a fixed line"),
    21703: _not_here("the messaging service has no sender"),
    21705: _not_here("the messaging service does not exist"),
    30001: _later("the queue of the gateway is full"),
    30002: _later("the account is suspended"),
    30003: _not_now("the phone cannot be reached now"),
    30004: _never("the receiver or the operator blocks it"),
    30005: _never("the number does not exist any more"),
    30006: _never("the number is a fixed line, or its operator takes no SMS"),
    30007: _not_here("the operator filters it as unwanted"),
    30008: _not_now("the operator gives no reason"),
    30036: Meaning(Outcome.EXPIRED, "it could not be delivered before it expired"),
    63038: Meaning(Outcome.THROTTLED, "the daily limit of the account is reached", try_next=True),
}


_MOST_DIGITS = 9


def meaning_of(code: object, status: int) -> Meaning:
    """Return the meaning of an error code; of one that is not known, that of the HTTP status."""
    known = _MEANINGS.get(_number(str(code)))
    if known is not None:
        return known
    outcome = outcome_of_status(status)
    if outcome is Outcome.SUCCESS:  # taken, and failed at once for a reason that we do not know
        return _later("the gateway gives a reason that is not known here")
    return Meaning(outcome, "not known here", try_next=outcome is not Outcome.PERMANENT)


def _number(code: str) -> int:
    """Return a code as a number, 0 if it is none: gateways that copy this API send what they like."""
    is_number = len(code) <= _MOST_DIGITS and code.isascii() and code.isdigit()
    return int(code) if is_number else 0
