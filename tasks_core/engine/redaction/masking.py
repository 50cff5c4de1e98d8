"""Parts of a text that must not be shown, and the text without them."""

from collections.abc import Iterable

MASK = "••••••"

Span = tuple[int, int]
"""Where a secret begins, and where what follows it begins."""


def merged(spans: Iterable[Span]) -> list[Span]:
    """Return the spans in order; those that overlap or touch become one."""
    result: list[Span] = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(end, result[-1][1]))
        elif start < end:
            result.append((start, end))
    return result


def masked(text: str, spans: Iterable[Span], begin: int, end: int) -> str:
    """Return ``text[begin:end]`` with a mask for each of the merged spans that reaches into it."""
    parts = []
    position = begin
    for start, stop in spans:
        if stop <= begin or start >= end:
            continue
        parts += [text[position : max(start, position)], MASK]
        position = stop
    if position < end:
        parts.append(text[position:end])
    return "".join(parts)
