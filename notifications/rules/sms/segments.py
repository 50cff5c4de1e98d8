"""How many SMS a text makes. A gateway charges for each."""

from collections.abc import Iterable
from dataclasses import dataclass

from notifications.rules.sms import gsm7

SINGLE = {"GSM-7": 160, "UCS-2": 70}
PART = {"GSM-7": 153, "UCS-2": 67}
"""Places in each part of a long text: a header of its own takes the rest."""


@dataclass(frozen=True)
class Segments:
    """The alphabet that a text needs, and the parts that it makes in it."""

    encoding: str
    units: int
    """Septets, or UTF-16 code units."""
    count: int


def segments(text: str) -> Segments:
    """Count the segments of a text.

    A character of two places (an escaped one, or one outside the Basic Multilingual Plane) is never
    split between two parts.
    """
    encoding = "GSM-7" if gsm7.fits(text) else "UCS-2"
    widths = [gsm7.septets(one) if encoding == "GSM-7" else _code_units(one) for one in text]
    units = sum(widths)
    if units <= SINGLE[encoding]:
        return Segments(encoding, units, 1)
    return Segments(encoding, units, _parts(widths, PART[encoding]))


def _parts(widths: Iterable[int], places: int) -> int:
    count, used = 1, 0
    for width in widths:
        if used + width > places:
            count, used = count + 1, 0
        used += width
    return count


def _code_units(character: str) -> int:
    return 2 if ord(character) > 0xFFFF else 1
