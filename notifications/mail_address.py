"""Which texts are mail addresses: judged in the form in which they reach the mail server."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from notifications.rules.domains import ascii_domain

MAX_ADDRESS = 254

_NO_ADDRESS = "is not a mail address; give one such as ada@example.com, without a display name"
_NUMBER = "has a number in place of a domain; give an address such as ada@example.com"


def problem_of(text: str) -> str:
    """Return what is wrong with a mail address; nothing if it can be written to.

    A domain is judged twice, as it is written and as it will be asked for in the DNS: there a full-width at
    sign is an at sign, and full-width digits are those of a number.
    """
    try:
        validate_email(text)
        asked_for = _as_asked_for(text)
        if asked_for is not text:
            validate_email(asked_for)
    except (ValidationError, UnicodeError):
        return _NO_ADDRESS
    if len(text) > MAX_ADDRESS:
        return f"has more than {MAX_ADDRESS} characters, which no mail address may have"
    # A number would make our mail server connect to whatever somebody types in.
    return _NUMBER if "@[" in asked_for else ""


def problem_of_any(text: str) -> str:
    """Say the same of an address that may have letters of any alphabet before the at sign (RFC 6531).

    We send to none of those yet. Who stops one, or tells of a bounce, means one all the same.
    """
    local, at, domain = text.rpartition("@")
    plain = "".join(one if one.isascii() or not one.isalnum() else "x" for one in local)
    return problem_of(f"{plain}{at}{domain}")


def _as_asked_for(address: str) -> str:
    local, _, domain = address.rpartition("@")
    if domain.isascii():
        return address
    return f"{local}@{ascii_domain(domain)}"
