"""The address that an event is about, as the suppression list knows it."""

from notifications.mail_address import problem_of_any
from notifications.rules.addresses import EMAIL, SMS, bare, e164


def usable_address(channel: str, told: str) -> str:
    """Return an address that an event names without what is written around it; nothing if it is none.

    Gateways leave out the plus sign of a number, or write 00 in its place.
    """
    plain = bare(channel, told)
    if channel == EMAIL:
        return "" if problem_of_any(plain) else plain
    if channel == SMS:
        digits = plain.removeprefix("00")
        return e164(plain) or (e164(f"+{digits}") if digits.isdecimal() else "")
    return plain
