"""One form for each address, however it was written: what is compared, counted and hashed."""

import re
import unicodedata
from contextlib import suppress
from urllib.parse import unquote

import phonenumbers

from notifications.rules.domains import ascii_domain

LONGEST = 2_048
"""Characters of the longest address: that of a browser's push service."""

TOMBSTONE = "erased:"
"""Begins what stands in place of an erased address."""

EMAIL = "email"
SMS = "sms"
TELEGRAM = "telegram"

_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_DOT_ATOM = re.compile(r"[^\s()<>\[\]:;@\\,.\"]+(\.[^\s()<>\[\]:;@\\,.\"]+)*")
_ESCAPED = re.compile(r"\\(.)")
_TO_ESCAPE = re.compile(r'[\\"]')
_LABEL = re.compile(r"(?:rfc822|smtp|mailto|e-?mail)\s*[:;]\s*(?://)?", re.IGNORECASE)
_AROUND = ('""', "''", "“”", "„“", "\u2018\u2019", "«»", "()", "[]")
"""Pairs of characters that people and programs put around an address."""
_ANGLES = re.compile(r"([^<>]*)<([^<>]+)>\s*")
_QUOTED_PART = re.compile(r'"(?:[^"\\]|\\.)*"')
_BETWEEN = re.compile(r"[\s,;<>]|@.*@", re.DOTALL)
_END = re.compile(r"[.\s]+\Z")

_SEEN_AS = {"\uff0b": "+"}
"""Digits and strokes of other widths are understood where numbers are parsed."""

_CHAT_NUMBER = re.compile(r"(-?)0*([0-9]+)")


def bare(channel: str, address: str) -> str:
    """Return an address without what people and programs write around it; what is none stays as it is.

    That is a display name, quotes, angle brackets and ``mailto:`` or ``rfc822;`` around a mail address,
    ``tel:`` around a phone number, and in both marks of the reading direction and others that nobody sees.
    """
    plain = unicodedata.normalize("NFC", address).strip()
    if len(plain) > LONGEST:
        return plain  # no address has so many; whoever sends it shall not keep us busy
    if channel == EMAIL:
        plain = "".join(one for one in plain if unicodedata.category(one) != "Cf").strip()
        while (bared := _bare_mail(plain)) != plain:
            plain = bared
        return plain
    return _bare_number(plain) if channel == SMS else plain


def holds_several(address: str) -> bool:
    """Tell whether a mail address that is ``bare`` holds more than one, or something beside it."""
    if len(address) > LONGEST:
        return False  # it is none at all
    return bool(_BETWEEN.search(_QUOTED_PART.sub("", address)))


def _bare_mail(text: str) -> str:
    text = _END.sub("", text)
    if label := _LABEL.match(text):
        text = text[label.end() :].strip()
        if label[0].lower().startswith("mailto"):
            text = unquote(text.partition("?")[0]).strip()
    inside = text[1:-1]
    if (
        text[:1] + text[-1:] in _AROUND
        and "@" in inside
        and not set(text[:1] + text[-1:]) & set(inside)
    ):
        text = inside.strip()
    if (found := _ANGLES.fullmatch(text)) is None:
        return text
    name, inner = found[1].strip().strip('"'), found[2].strip()
    return inner if "@" not in name or name.casefold() == inner.casefold() else text


def _bare_number(text: str) -> str:
    seen = "".join(_seen(character) for character in text).strip()
    if seen[:4].lower() == "tel:":
        seen = seen[4:].partition(";")[0]
    return seen.strip()


def _seen(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    return " " if category == "Zs" else _SEEN_AS.get(character, character)


def normal_form(channel: str, address: str) -> str:
    """Return the form in which two spellings of an address are the same.

    Mail addresses are lower-cased as a whole, though the part before the at sign could tell cases apart:
    no provider does, and a complaint must stop the other spelling too. Quotes that are not needed go, and
    the domain is written as in the DNS. Phone numbers are written as E.164. Telegram's names are one in any
    case, and its numbers have no zeros in front. Anything else only loses the space around it.
    """
    plain = bare(channel, address)
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
        parsed = phonenumbers.parse(bare(SMS, number), None)
    except phonenumbers.NumberParseException:
        return ""
    if not phonenumbers.is_possible_number(parsed):
        return ""
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def _mail(address: str) -> str:
    local, _, domain = address.rpartition("@")
    domain = _END.sub("", domain.lower())
    with suppress(UnicodeError):
        domain = ascii_domain(domain)
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
