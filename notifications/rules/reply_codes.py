"""What may be kept of words that may quote a secret: the codes in front of them, which are no words."""

import re

_CODES = re.compile(
    r"\s*(?P<reply>[2-5]\d{2}(?![^\s\-:]))?[\s\-:]*(?P<status>[245]\.\d{1,3}\.\d{1,3}(?![\w.]))?"
)


def codes_of(text: str) -> str:
    """Return the reply code and the enhanced status code that ``text`` begins with: ``550 5.7.1``.

    Empty if it begins with neither, as an answer in words alone does.
    """
    found = _CODES.match(text)
    assert found is not None  # it matches nothing, too
    return " ".join(code for code in (found["reply"], found["status"]) if code)
