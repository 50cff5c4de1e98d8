"""Secrets whose values are known, found wherever they stand and however they are written."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

from tasks_core.engine.redaction.masking import Span

SHORTEST = 4
"""A value with fewer characters is not looked for: it occurs everywhere by chance."""

LIKE_A_WORD = 12
"""A secret of fewer characters that are all letters is only found as a word of its own.

Otherwise the password ``bell`` would mask half of each line.
"""


class KnownSecrets:
    """Values to hide. Making it costs some microseconds for each value; asking it is fast."""

    def __init__(self, values: Iterable[str]) -> None:
        long_enough = {value for value in values if len(value) >= SHORTEST}
        forms = {form for value in long_enough for form in written_forms(value)}
        self._words = [
            re.compile(rf"(?<![^\W\d_]){re.escape(form)}(?![^\W\d_])")
            for form in forms
            if _is_like_a_word(form)
        ]
        self._forms = [form for form in forms if not _is_like_a_word(form)]

    def spans(self, text: str) -> Iterator[Span]:
        """Give the places where one of the values stands."""
        for form in self._forms:
            start = text.find(form)
            while start >= 0:
                yield start, start + len(form)
                start = text.find(form, start + 1)
        for word in self._words:
            yield from (found.span() for found in word.finditer(text))


def written_forms(secret: str) -> set[str]:
    """Return ``secret`` as it looks plain, and quoted in Python, JSON, HTML or a URL."""
    forms = {
        secret,
        repr(secret)[1:-1],
        ascii(secret)[1:-1],
        json.dumps(secret)[1:-1],
        json.dumps(secret, ensure_ascii=False)[1:-1],
        html.escape(secret),
    }
    with_surrogates = secret.encode("utf-8", "surrogatepass")
    forms |= {quote(with_surrogates), quote(with_surrogates, safe=""), quote_plus(with_surrogates)}
    forms.add(repr(with_surrogates)[2:-1])
    # JSON in a string of JSON, or of Python.
    forms |= {json.dumps(form)[1:-1] for form in list(forms) if "\\" in form or '"' in form}
    return {form for form in forms if form}


def _is_like_a_word(form: str) -> bool:
    return len(form) < LIKE_A_WORD and form.isalpha()
