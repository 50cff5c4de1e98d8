"""Take secrets out of texts that leave the platform: known values, and what looks like a credential."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from tasks_core import failures
from tasks_core.failures import MASK

SHORTEST = 4
"""A value with fewer characters is not looked for: it occurs everywhere by chance."""

_NAMES = r"pass(?:word|wd|phrase)?|secret|token|api[_-]?key|otp|pin|code|authorization|credential|signature"
_PATTERNS = (
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]{4,}"), rf"\1 {MASK}"),
    (re.compile(r"(://)[^/\s@]+@"), rf"\1{MASK}@"),
    (re.compile(r"\bwhsec_[\w+/=-]+"), MASK),
    (re.compile(r"\bgAAAA[\w-]{20,}=*"), MASK),
    (
        re.compile(rf"""(?i)(\b[\w-]*(?:{_NAMES})["']?\s*[=:]\s*["']?)[^\s"',;&)}}\]]+"""),
        rf"\1{MASK}",
    ),
)


def scrub(text: str, values: Iterable[str] = ()) -> str:
    """Mask each of ``values``, in any common spelling, and whatever looks like a credential."""
    text = failures.scrub(text, (value for value in values if len(value) >= SHORTEST))
    for pattern, mask in _PATTERNS:
        text = pattern.sub(mask, text)
    return text


def leaves(value: Any) -> Iterator[str]:
    """Give the texts and numbers in plain JSON."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from leaves(item)
    elif isinstance(value, str):
        yield value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield str(value)
