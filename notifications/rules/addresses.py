"""One form for each address, however it was written: what the suppression list compares."""

from __future__ import annotations

import unicodedata
from contextlib import suppress

import phonenumbers

EMAIL = "email"
SMS = "sms"


def normal_form(channel: str, address: str) -> str:
    """Return the form in which two spellings of an address are the same.

    Mail addresses are lower-cased as a whole, though the part before the at sign could tell cases apart:
    no provider does, and a complaint must stop the other spelling too. Their domain is written as in the
    DNS. Phone numbers are written as E.164. Anything else only loses the space around it.
    """
    plain = unicodedata.normalize("NFC", address).strip()
    if channel == EMAIL:
        return _mail(plain)
    if channel == SMS:
        return e164(plain) or "".join(plain.split())
    return plain


def e164(number: str) -> str:
    """Return an international phone number such as ``+4930123456``, or nothing if it is none."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _mail(address: str) -> str:
    local, _, domain = address.rpartition("@")
    domain = domain.lower().rstrip(".")
    if not domain.isascii():
        with suppress(UnicodeError):
            domain = domain.encode("idna").decode("ascii")
    return f"{local.casefold()}@{domain}"
