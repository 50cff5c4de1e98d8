"""How the demo's receivers answer: the same for the same message, on every run."""

from enum import Enum
from typing import NamedTuple
from zlib import crc32

from examples.payments.event import CHARGEBACK
from examples.payments.vocabulary import is_closed, is_full, is_greylisted

FLAKY, SLOW, THROTTLING, REFUSING, DOWN = (
    "tidewater-coffee",
    "granite-outdoor",
    "cobalt-games",
    "harbour-hotel",
    "marigold-flowers",
)
"""The merchants whose endpoints make trouble; the others take everything at once."""


class Answer(Enum):
    """What an endpoint does with a request."""

    ACCEPT = 200
    REFUSE = 422
    THROTTLE = 429
    FAIL = 500
    HANG = 0
    """Takes the message, and does not answer in time."""


def merchant_answer(merchant: str, event_id: str, event_type: str, attempt: int) -> Answer:
    """Say what a merchant's endpoint does with the `attempt`-th request (from 1) for one event."""
    lot = crc32(event_id.encode())
    if merchant == FLAKY and attempt <= _failures(lot):
        return Answer.FAIL
    if merchant == SLOW and attempt == 1 and lot % 10 == 0:
        return Answer.HANG
    if merchant == THROTTLING and attempt == 1 and lot % 5 == 0:
        return Answer.THROTTLE
    if merchant == REFUSING and event_type == CHARGEBACK:
        return Answer.REFUSE
    return Answer.ACCEPT


def _failures(lot: int) -> int:
    """One message in four fails once, and one of four of those a second time."""
    if lot % 4:
        return 0
    return 2 if lot % 16 == 0 else 1


def mail_refusal(address: str, attempt: int) -> str | None:
    """Say how the mail server refuses the `attempt`-th try (from 1) of a mail, None if it takes it."""
    if is_closed(address):
        return "550 5.1.1 The mailbox does not exist"
    if is_full(address):
        return "452 4.2.2 The mailbox is full"
    if is_greylisted(address) and attempt == 1:
        return "451 4.7.1 Greylisted, try again"
    return None


class Refusal(NamedTuple):
    """The HTTP status and the error code by which an SMS gateway refuses a message."""

    status: int
    code: int


NO_MOBILE, UNREACHABLE = Refusal(400, 21614), Refusal(503, 30003)


def is_no_mobile(number: str) -> bool:
    """Say whether the gateway never takes anything for a number: one in five."""
    return int(number[-3:]) % 5 == 0


def sms_refusal(number: str, attempt: int) -> Refusal | None:
    """Say how the gateway refuses the `attempt`-th try (from 1) of an SMS, None if it takes it."""
    if is_no_mobile(number):
        return NO_MOBILE
    if attempt == 1 and int(number[-3:]) % 5 == 1:
        return UNREACHABLE
    return None
