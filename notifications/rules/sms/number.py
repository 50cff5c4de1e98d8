"""Phone numbers: their form, their country, and what kind of line they are."""

from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumber, PhoneNumberFormat, PhoneNumberType

from notifications.rules.addresses import SMS, bare

_NO_SMS = {
    PhoneNumberType.FIXED_LINE: "is a fixed line, which takes no SMS",
    PhoneNumberType.PREMIUM_RATE: "is a premium-rate number; those are not sent to",
    PhoneNumberType.SHARED_COST: "is a shared-cost number; those are not sent to",
    PhoneNumberType.TOLL_FREE: "is a toll-free number, which takes no SMS",
    PhoneNumberType.UAN: "is a company's service number, which takes no SMS",
    PhoneNumberType.VOICEMAIL: "is a voice mailbox, which takes no SMS",
}


class InvalidNumber(ValueError):
    """A text is no number that an SMS can go to; says why, and does not quote it."""


def e164(text: str) -> str:
    """Return a number in its one international form, such as +4915112345678.

    Raises:
        InvalidNumber: says what is wrong and what would be right.
    """
    number = _parsed(text)
    if not phonenumbers.is_valid_number(number):
        raise InvalidNumber("is not a number that anyone has; check its digits")
    problem = _NO_SMS.get(phonenumbers.number_type(number))
    if problem:
        raise InvalidNumber(problem)
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


@lru_cache(maxsize=4096)
def region_of(number: str) -> str:
    """Return the country of a number in international form, such as DE; empty if it has none."""
    region = phonenumbers.region_code_for_number(_parsed(number))
    return "" if region in (None, "001") else region


def _parsed(text: str) -> PhoneNumber:
    text = bare(SMS, text)
    if not text.startswith("+"):
        raise InvalidNumber("is not an international number; write one such as +4915112345678")
    try:
        return phonenumbers.parse(text, None)
    except NumberParseException:
        raise InvalidNumber("is not a phone number; write one such as +4915112345678") from None
