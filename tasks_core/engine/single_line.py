"""Which characters a text of one line cannot have: the one answer for subjects, names, keys and addresses.

Text of all languages passes. Persian and Sinhala need the joiners (U+200C, U+200D), emoji are made with them,
French and typography have spaces that do not break, and a new script is unknown to Python's tables for years:
so ``str.isprintable``, which refuses all of these, is the wrong question.
"""

import re

_REFUSED = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # control characters (Cc), with all line ends of old
    "\u2028\u2029"  # line and paragraph separator (Zl, Zp)
    "\u202d\u202e"  # overrides of the reading direction, which show other words than are written
    "\ud800-\udfff"  # half a character (Cs): nothing can store or send it
    "]"
)
_RUNS = re.compile(f"(?:{_REFUSED.pattern}| )+")


def is_single_line(text: str) -> bool:
    """Tell whether a text is one line that shows what is written."""
    return _REFUSED.search(text) is None


def single_line(text: str) -> str:
    """Return the text on one line: each run of spaces and refused characters becomes a space.

    For words that come from outside and are only read by people. What is compared with something else
    is refused or found out about, not changed.
    """
    return _RUNS.sub(" ", text).strip()
