"""Numbers of payment cards."""

import re
from collections.abc import Iterator

from tasks_core.engine.redaction.masking import Span

_CANDIDATE = re.compile(r"(?<![\w.])(?=([2-6]\d(?:[ \-]?\d){11,17}))")
_LENGTHS = range(13, 20)


def card_spans(text: str) -> Iterator[Span]:
    """Return the places of 13 to 19 digits, in groups or not, whose check digit is right."""
    for found in _CANDIDATE.finditer(text):
        end = _card_end(text, found.start(1), found.end(1))
        if end is not None:
            yield found.start(1), end


def _card_end(text: str, start: int, end: int) -> int | None:
    """Return the end of the longest number that begins at ``start`` and ends with its group."""
    places = [position for position in range(start, end) if text[position].isdigit()]
    for count in range(len(places), min(_LENGTHS) - 1, -1):
        last = places[count - 1]
        if text[last + 1 : last + 2].isalnum():
            continue
        if _is_valid([int(text[position]) for position in places[:count]]):
            return last + 1
    return None


def _is_valid(digits: list[int]) -> bool:
    """Luhn's sum."""
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0
