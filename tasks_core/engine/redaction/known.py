"""Secrets whose values are known, found wherever they stand and however they are written."""

import base64
import html
import json
import re
import string
from collections.abc import Iterable, Iterator
from urllib.parse import quote

from tasks_core.engine.redaction.masking import Span, masked, merged
from tasks_core.engine.redaction.readings import Reading, readings

SHORTEST = 4
"""A value with fewer characters is not looked for: it occurs everywhere by chance."""

LIKE_A_WORD = 12
"""A secret of fewer characters that are all letters is only found as a word of its own.

Otherwise the password ``bell`` would mask half of each line.
"""

LONGEST_FORM = 4_000
"""Characters of one written secret that are looked at, beyond those that are shown."""

_IN_BASE64 = re.compile(r"[A-Za-z0-9+/_\-]*+={0,2}+")
_LETTERS = frozenset(string.ascii_letters + string.digits + "+/-_")
_LONGEST_BLOB = 4_000
"""Characters of base64 on either side of a secret that are masked with it."""


class KnownSecrets:
    """Values to hide. Making it costs some microseconds for each value; asking it is fast.

    With ``everywhere``, values of any length are found, and words within words: for texts that are kept.
    """

    def __init__(self, values: Iterable[str], *, everywhere: bool = False) -> None:
        given = {value for value in values if value}
        self._short = [_folded(value) for value in given if len(value) < SHORTEST and everywhere]
        long_enough = {value for value in given if len(value) >= SHORTEST}
        self._forms: set[str] = set()
        self._patterns: list[re.Pattern[str]] = []
        self._encoded: set[str] = set()
        for value in long_enough:
            for form in _forms(value):
                if _is_like_a_word(form) and not everywhere:
                    word = rf"(?<![^\W\d_]){re.escape(form)}(?![^\W\d_])"
                    self._patterns.append(re.compile(word))
                else:
                    self._forms.add(form)
            self._patterns += _apart(value)
            self._encoded.update(_encoded_forms(value))
        shortest = min(map(len, self._encoded), default=1)
        self._may_be_encoded = re.compile(rf"[A-Za-z0-9+/_\-]{{{shortest}}}")
        looked_for = given if everywhere else long_enough
        self.shortest = min((len("".join(v.split()) or v) for v in looked_for), default=0)
        """No text with fewer characters holds one of the values."""

    def spans(self, text: str) -> Iterator[Span]:
        """Return the places where one of the values stands."""
        return self.spans_in(readings(text))

    def spans_in(self, read: Iterable[Reading]) -> Iterator[Span]:
        """Return the same of a text whose readings are known."""
        for number, reading in enumerate(read):
            folded = _folded(reading.text)
            if number == 0:
                yield from _found(self._short, folded, reading)
            yield from _found(self._forms, folded, reading)
            for pattern in self._patterns:
                for found in pattern.finditer(folded):
                    yield reading.place(*found.span())
            if self._may_be_encoded.search(reading.text):
                yield from self._blobs(reading)

    def _blobs(self, reading: Reading) -> Iterator[Span]:
        """Return the base64 or hexadecimal digits around a secret: its edges share characters with it."""
        text = reading.text
        for form in self._encoded:
            position = text.find(form)
            while position >= 0:
                start = _blob_start(text, position)
                after = _IN_BASE64.match(text, position, position + len(form) + _LONGEST_BLOB)
                end = after.end() if after else position + len(form)
                yield reading.place(start, end)
                position = text.find(form, end)


def without_known(text: str, known: Iterable[KnownSecrets], *, limit: int | None = None) -> str:
    """Return ``text`` with a mask for each known secret in it.

    With ``limit`` only of the first characters, so many at the most; what a stranger has sent without end
    is then not looked at to its end.
    """
    shown = len(text) if limit is None else min(limit, len(text))
    searched = text[: shown + LONGEST_FORM]
    may_be_there = [secrets for secrets in known if len(searched) >= secrets.shortest]
    if not may_be_there or not searched:
        return text[:shown]
    read = readings(searched)
    spans = merged(span for secrets in may_be_there for span in secrets.spans_in(read))
    # Cut after the search: half a secret would not be recognised.
    return masked(searched, spans, 0, shown)


def without(text: str, secrets: Iterable[str]) -> str:
    """Return ``text`` with a mask for each of ``secrets``, of any length and in any written form."""
    values = [secret for secret in secrets if secret]
    return without_known(text, [KnownSecrets(values, everywhere=True)]) if values else text


def _found(forms: Iterable[str], folded: str, reading: Reading) -> Iterator[Span]:
    for form in forms:
        if form not in folded:  # most are not
            continue
        start = folded.find(form)
        while start >= 0:
            yield reading.place(start, start + len(form))
            start = folded.find(form, start + 1)


def _blob_start(text: str, position: int) -> int:
    limit = max(0, position - _LONGEST_BLOB)
    while position > limit and text[position - 1] in _LETTERS:
        position -= 1
    return position


def _apart(value: str) -> Iterator[re.Pattern[str]]:
    """Return how a value with white space looks where that is written otherwise, or was a line break."""
    parts = _folded(value).split()
    if len(parts) > 1 and sum(map(len, parts)) >= SHORTEST:
        yield re.compile(r"[\s+_]{0,9}".join(map(re.escape, parts)))
    elif parts and parts[0] != _folded(value) and len(parts[0]) >= SHORTEST:
        yield re.compile(re.escape(parts[0]))


def _forms(value: str) -> set[str]:
    """Return what readings of a text have of ``value``.

    A secret may itself look like something encoded (``a"%00``). Where that is written in another form, both
    are undone together, and it is found as what is left of it then.
    """
    read = [reading.text for reading in readings(value)]
    return {
        _folded(form) for text in read if len(text) >= SHORTEST for form in (text, text.upper())
    }


def _encoded_forms(value: str) -> Iterator[str]:
    """Return what any base64 with ``value`` has of it at each of the three offsets; and hexadecimals."""
    plain = {
        value,
        json.dumps(value)[1:-1],
        html.escape(value),
        quote(value.encode("utf-8", "surrogatepass"), safe=""),
    }
    for raw in {form.encode("utf-8", "surrogatepass") for form in plain}:
        yield raw.hex()
        yield raw.hex().upper()
        for offset in range(3):
            whole = base64.b64encode(bytes(offset) + raw).decode().rstrip("=")
            bits = 8 * (offset + len(raw))
            inner = whole[(8 * offset + 5) // 6 : bits // 6]
            if len(inner) >= SHORTEST:
                yield inner
                yield inner.replace("+", "-").replace("/", "_")


def _folded(text: str) -> str:
    """Return ``text`` without differences of case, each character in its place."""
    lower = text.lower()
    if len(lower) != len(text):
        lower = "".join(low if len(low := c.lower()) == 1 else c for c in text)
    return lower if lower.isascii() else lower.replace("ς", "σ")  # noqa: RUF001 Greek


def _is_like_a_word(form: str) -> bool:
    return len(form) < LIKE_A_WORD and form.isalpha()
