"""Find and replace the sealed values of one stored text."""

import json
from collections.abc import Callable, Iterator
from typing import Any


def tokens_of(text: str, key: str | None) -> list[Any]:
    """Return the sealed values: the text itself, or in JSON the value of each ``key``.

    Whoever has edited a row may have put anything in their place.
    """
    if key is None:
        return [text]
    # Numbers are not read: they may be larger than Python takes.
    return list(_found(json.loads(text, parse_int=str, parse_float=str), key))


def with_tokens(text: str, key: str | None, convert: Callable[[Any], str]) -> str:
    """Return the text with each sealed value converted, and all else to the letter as it was."""
    for token in tokens_of(text, key):
        text = text.replace(str(token), convert(token))
    return text


def _found(value: Any, key: str) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name == key:
                yield item
            else:
                yield from _found(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _found(item, key)
