"""One form for each address, however it was written: what is compared, counted and hashed."""

from __future__ import annotations

import re
import unicodedata
from contextlib import suppress

import phonenumbers

EMAIL = "email"
SMS = "sms"
TELEGRAM = "telegram"

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DOT_ATOM = re.compile(r"[^\s()<>\[\]:;@\\,.\"]+(\.[^\s()<>\[\]:;@\\,.\"]+)*")
_ESCAPED = re.compile(r"\\(.)")
_TO_ESCAPE = re.compile(r'[\\"]')
_CHAT_NUMBER = re.compile(r"(-?)0*([0-9]+)")


def normal_form(channel: str, address: str) -> str:
    """Return the form in which two spellings of an address are the same.

    Mail addresses are lower-cased as a whole, though the part before the at sign could tell cases apart:
    no provider does, and a complaint must stop the other spelling too. Quotes that are not needed go, and
    the domain is written as in the DNS. Phone numbers are written as E.164. Telegram's names are one in any
    case, and its numbers have no zeros in front. Anything else only loses the space around it.
    """
    plain = unicodedata.normalize("NFC", address).strip()
    if channel == EMAIL:
        return _mail(plain)
    if channel == SMS:
        return e164(plain) or "".join(plain.split())
    if channel == TELEGRAM:
        number = _CHAT_NUMBER.fullmatch(plain)
        return f"{number[1]}{number[2]}" if number else plain.casefold()
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
    return f"{_unquoted(local).casefold()}@{domain}"


def _unquoted(local: str) -> str:
    """The part before the at sign without quotes that say nothing (RFC 5321, 4.1.2)."""
    quoted = _QUOTED.fullmatch(local)
    if quoted is None:
        return local
    plain = _ESCAPED.sub(r"\1", quoted[1])
    if _DOT_ATOM.fullmatch(plain):
        return plain
    escaped = _TO_ESCAPE.sub(r"\\\g<0>", plain)
    return f'"{escaped}"'
