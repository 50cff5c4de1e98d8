"""What somebody may write into the address bar, or send instead of a form."""

import json
from collections.abc import Iterable
from urllib.parse import quote

from hypothesis import strategies as st

BAD = (
    "",
    "\x00",
    "a\x00b",
    "\ud800",  # half a pair
    "\udfff\ud800",
    "\u202e",
    "9" * 30,
    "9" * 400,
    "9" * 5_000,
    "-1",
    "1e400",
    "NaN",
    "-Infinity",
    "²",
    "٣",
    "0x10",
    "2026-13-45",
    "9999-12-31T23:59:59",
    "0001-01-01T00:00",
    "10000-01-01",
    "99999999 days",
    "(",
    "%s",
    "{",
    "[" * 100_000,
    '{"a": "\\u0000"}',
    '{"a": "\\ud800"}',
    '{"\\ud800": 1}',
    '{"a": 1e400}',
    '{"a": ' + "9" * 5_000 + "}",
    "[[1, 2], {}]",
    "null",
    "0 0 31 2 *",
    "America",
    "../../etc/passwd",
    "http://[::1",
    "https://x/\udcff",
    "x" * 100_000,
    "__all__",
)

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
).map(json.dumps)

values = st.sampled_from(BAD) | st.text(st.characters(), max_size=20) | _json
"""Texts of all kinds, those of which no encoding knows among them."""

LOOKUPS = (
    "",
    "__exact",
    "__in",
    "__isnull",
    "__gte",
    "__regex",
    "__contains",
    "__x__y",
    "__year",
    "__date",
)


def encoded(pairs: Iterable[tuple[str, str]]) -> str:
    """Return them as in an address or a form; half a pair is sent as its bytes."""
    return "&".join(f"{_bytes(name)}={_bytes(value)}" for name, value in pairs)


def _bytes(text: str) -> str:
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def segment(text: str) -> str:
    """Return a text as one part of a path."""
    return _bytes(text) or "-"
