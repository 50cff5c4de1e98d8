"""Secrets that can be told by their form: keys with a prefix, JWTs, PEM, URLs with a password."""

import base64
import binascii
import re
from collections.abc import Iterator
from itertools import pairwise

from tasks_core.engine.redaction.masking import Span

_PREFIXED = re.compile(
    r"""(?<![A-Za-z0-9])(?:
      wh(?:sec|sk|pk)_[\w+/=\-]{4,}+
    | gAAAA[\w\-]{20,}+={0,2}+
    | [srp]k_(?:live|test)_\w{8,}+
    | (?:gh[pousr]_|github_pat_)\w{16,}+
    | glpat-[\w\-]{16,}+
    | xox[abeoprs]-[\w\-]{8,}+
    | sk-[\w\-]{20,}+
    | SG\.[\w\-]{16,}+\.[\w\-]{16,}+
    | A(?:KI|SI)A[A-Z0-9]{16}+
    | AIza[\w\-]{30,}+
    | eyJ[\w\-]{6,}+(?:\.[\w\-]*+){1,4}+
    )""",
    re.VERBOSE | re.ASCII,
)
# What a mail has as its unsubscribe link never expires, and whoever has it speaks for its receiver.
_LINK = re.compile(r"(?<=/u/)[\w\-]{20,}+", re.ASCII)
_BEARER = re.compile(r"(?i)(?<![A-Za-z0-9])(?:bearer|negotiate)\s{1,3}+([\w.~+/=\-]{4,}+)")
_NO_BEARER = frozenset(
    ("token", "tokens", "auth", "authentication", "authorization", "scheme", "header", "with")
)
_BASIC = re.compile(r"(?i)(?<![A-Za-z0-9])basic\s{1,3}+([A-Za-z0-9+/_\-]{4,}+={0,2}+)")
_PEM_BEGIN = re.compile(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_PEM_END = re.compile(r"-----END [A-Z0-9 ]{0,40}-----")
_AUTHORITY = re.compile(r"(?i)(?::|%3a)(?://|\\{1,4}/\\{1,4}/|%2f%2f)")
_ADDRESS = re.compile(r"[^\s\"'<>`?#]*+")
_PATH = re.compile(r"[/?#\\]|%2f", re.IGNORECASE)
_AT = re.compile(r"@|%40")
_PORT = re.compile(r":\d{1,5}$")


def token_spans(text: str) -> Iterator[Span]:
    """Return the places of everything that is a secret by its form."""
    yield from (found.span() for found in _PREFIXED.finditer(text))
    if "/u/" in text:
        yield from (found.span() for found in _LINK.finditer(text))
    yield from _scheme_spans(text)
    if "-----BEGIN" in text:
        yield from _pem_spans(text)
    if ":" in text or "%3" in text:
        yield from _userinfo_spans(text)


def _scheme_spans(text: str) -> Iterator[Span]:
    for found in _BEARER.finditer(text):
        if found[1].lower().rstrip(".") not in _NO_BEARER:
            yield found.span(1)
    for found in _BASIC.finditer(text):
        if _holds_password(found[1]):
            yield found.span(1)


def _holds_password(encoded: str) -> bool:
    plain = encoded.rstrip("=").translate(str.maketrans("-_", "+/"))
    try:
        return b":" in base64.b64decode(plain + "=" * (-len(plain) % 4))
    except (binascii.Error, ValueError):
        return False


def _pem_spans(text: str) -> Iterator[Span]:
    position = 0
    while (begin := _PEM_BEGIN.search(text, position)) is not None:
        end = _PEM_END.search(text, begin.end())
        position = end.end() if end else len(text)
        yield begin.start(), position


def _userinfo_spans(text: str) -> Iterator[Span]:
    """Return what stands before the @ of an address, also where an unquoted password has a slash."""
    signs = [found.span() for found in _AUTHORITY.finditer(text)]
    for (_, start), (limit, _) in pairwise([*signs, (len(text), len(text))]):
        address = _ADDRESS.match(text, start, limit)
        end = address.end() if address else start
        path = _PATH.search(text, start, end)
        authority = text[start : path.start() if path else end]
        if _AT.search(authority) or _has_more_than_a_port(authority):
            at = _last_at(text, start, end)
            if at is not None:
                yield start, at


def _has_more_than_a_port(authority: str) -> bool:
    return ":" in authority and not _PORT.search(authority)


def _last_at(text: str, start: int, end: int) -> int | None:
    places = [found.start() for found in _AT.finditer(text, start, end)]
    return places[-1] if places else None
