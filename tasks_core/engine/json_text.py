"""JSON as PostgreSQL stores it."""

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, NoReturn


def json_text(value: Any, *, default: Callable[[Any], Any] | None = None) -> str:
    """Return ``value`` as compact JSON; ``default`` turns what JSON does not know into what it does.

    Raises:
        ValueError: something in it has no JSON form that PostgreSQL accepts (NaN, a NUL character, half
            of a surrogate pair).
        TypeError: a value of a type that JSON does not know.
    """
    encoder = _ENCODER if default is None else json.JSONEncoder(**_OPTIONS, default=default)
    text = encoder.encode(value)
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("a string holds a NUL character, which PostgreSQL cannot store")
    try:
        byte_size(text)
    except UnicodeEncodeError:
        raise ValueError(_HALF) from None
    return text


class UnreadableJson(ValueError):
    """What came from outside is no JSON, or none that can be kept and read again; quotes no value of it.

    ``line`` is where it stops being JSON; None if it is JSON, but not kept.
    """

    def __init__(self, problem: str, line: int | None = None) -> None:
        super().__init__(problem)
        self.line = line


def read_json(given: str | bytes) -> Any:
    """Read JSON that somebody has typed or sent, if it can be stored and shown again.

    Raises:
        UnreadableJson: it is no JSON, is nested too deeply, has a number, a NUL or half of a surrogate pair
            in it that nothing can keep, or an object that says one thing twice: nobody knows what was meant.
    """
    found = _parsed(given, object_pairs_hook=_object)
    try:
        json_text(found)
    except ValueError as error:
        raise UnreadableJson(str(error)) from None
    return found


def read_any_json(given: str | bytes) -> Any:
    """Read the JSON of somebody who cannot be told to write it otherwise.

    What cannot be stored in it is made storable, as by ``storable_json``.

    Raises:
        UnreadableJson: it is no JSON at all, or deeper than Python follows.
    """
    return storable_json(parsed_json(given))


class UnreadText(str):
    """Stands for stored JSON that Python cannot read; it says why."""

    __slots__ = ()


def stored_json(text: str) -> Any:
    """Read JSON that the database holds.

    Whoever wrote it past our doors may have written what Python cannot follow. That is the trouble of its
    row, and no error here: it comes as ``UnreadText``.
    """
    try:
        return json.loads(text)
    except (ValueError, RecursionError):  # whose words are for programmers
        return UnreadText(
            "cannot be read as it is stored: a number in it is too long, or it is nested too deeply; correct "
            "it in the database"
        )


def shortest_json(given: str) -> str:
    """Return JSON that a template gave as it is sent: without spaces.

    Raises:
        UnreadableJson: it is no JSON, is nested too deeply, or has a number or half of a surrogate pair in
            it that cannot be sent.
    """
    found = _parsed(given)
    try:
        text = _ENCODER.encode(found)
        byte_size(text)
    except UnicodeEncodeError:
        raise UnreadableJson(_HALF) from None
    except ValueError:
        raise UnreadableJson("a number in it is larger than readers of JSON take") from None
    return text


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        twice = next(name for name, count in Counter(n for n, _ in pairs).items() if count > 1)
        named = f"the name {twice!r}" if len(twice) <= _SHORT else "a name"
        raise UnreadableJson(f"it has {named} twice in one object; leave one of them")
    return found


_SHORT = 50
"""Characters of a name that may be quoted."""


def _parsed(given: str | bytes, **options: Any) -> Any:
    """Read JSON as its standard has it, no deeper than MAX_DEPTH."""
    try:
        text = _decoded(given)
        check_depth(text)
        return parsed_json(text, parse_constant=_refuse_constant, **options)
    except UnreadableJson:
        raise
    except ValueError as error:
        raise UnreadableJson(str(error)) from None


def parsed_json(given: str | bytes, **options: Any) -> Any:
    """Read JSON, whatever is in it: whoever keeps some of it makes that storable.

    Raises:
        UnreadableJson: it is no JSON at all, or deeper than Python follows.
    """
    try:
        return json.loads(given, **options)
    except json.JSONDecodeError as error:
        raise UnreadableJson(str(error), error.lineno) from None
    except ValueError as error:  # bytes that are no text, a number of 5,000 digits
        raise UnreadableJson(str(error)) from None
    except RecursionError:
        raise UnreadableJson("it is nested deeper than anybody follows") from None


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number of JSON, although Python reads it")


def _decoded(given: str | bytes) -> str:
    """Return bytes as the text that ``json.loads`` would see in them."""
    if isinstance(given, str):
        return given
    return given.decode(json.detect_encoding(given), "surrogatepass")


def check_depth(text: str) -> None:
    """Refuse JSON that is nested deeper than any reader on its way can follow.

    How deep one can follow depends on the calls it is in the middle of, so what was just written may be
    beyond whoever reads it next.

    Raises:
        ValueError: deeper than MAX_DEPTH.
    """
    if text.count("[") + text.count("{") <= MAX_DEPTH:
        return
    depth = 0
    for part in _BRACKETS.findall(text):
        depth += 1 if part in "[{" else -1 if part in "]}" else 0
        if depth > MAX_DEPTH:
            raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


MAX_DEPTH = 100

_HALF = "a string holds half of a surrogate pair, which is no Unicode"

_BRACKETS = re.compile(r'[][{}]|"(?:[^"\\]|\\.)*"')
"""Brackets, and whole strings, in which brackets mean nothing."""


def byte_size(text: str) -> int:
    """Return the length of ``text`` in UTF-8."""
    return len(text) if text.isascii() else len(text.encode())


_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")
"""The escape itself, not a backslash that is followed by the same letters."""

_OPTIONS: dict[str, Any] = {
    "separators": (",", ":"),
    "allow_nan": False,
    "ensure_ascii": False,
}
_ENCODER = json.JSONEncoder(**_OPTIONS)


def is_storable(text: str) -> bool:
    """Tell whether PostgreSQL can store a text, and look for it: it holds no NUL and no half of a pair."""
    try:
        return "\x00" not in text and byte_size(text) >= 0
    except UnicodeEncodeError:
        return False


def storable(text: str, *, limit: int) -> str:
    """Return ``text`` without what PostgreSQL cannot store, cut to ``limit`` characters."""
    clean = text.replace("\x00", "�").encode("utf-8", "replace").decode()
    return clean if len(clean) <= limit else clean[: limit - 1] + "…"


LARGEST = 200_000
"""Characters of what is made storable, names and punctuation with it."""

_MOST_ITEMS = 10_000
_MOST_BITS = 64


def storable_json(value: object, *, limit: int = LARGEST) -> Any:
    """Return what somebody else sent, or other code made, as JSON that can be stored and read again.

    What is right already comes back as it is, after one look at C speed. Otherwise texts lose what PostgreSQL
    cannot store, numbers that JSON does not have (infinity, 4,000 digits) become texts, so does what is no
    JSON at all, and what is nested too deep or goes beyond the limit is left out, with a "…" in its place.

    Args:
        value: anything.
        limit: characters of all of it; the longest text is cut to as many.
    """
    if is_plain_object(value, limit) or _is_storable_json(value, limit):
        return value
    return _Copy(limit).of(value, 0)


def is_plain_object(value: object, limit: int) -> bool:
    """Tell at once of an object of a few short texts in ASCII, as most are, that it is stored as it is.

    ``limit`` is how many characters it may have as JSON.
    """
    if type(value) is not dict or len(value) > _FEW:
        return False
    try:
        text = "".join((*value, *value.values()))
    except TypeError:
        return False
    if "\x00" in text or not text.isascii():
        return False
    return (len(text) + _AROUND * (len(value) + 1)) * _LONGEST_ESCAPE <= limit


_FEW = 20
_AROUND, _LONGEST_ESCAPE = 6, len("\\u001f")
"""Characters that an object and an entry have around their texts, and that one of these may become."""


def _is_storable_json(value: object, limit: int) -> bool:
    try:
        text = json_text(value)
        if len(text) > limit:
            return False
        check_depth(text)
    except (TypeError, ValueError, RecursionError):
        return False
    return True


class _Copy:
    """Copies a value that cannot be stored as it is, within limits."""

    def __init__(self, limit: int) -> None:
        self._characters = limit
        self._items = _MOST_ITEMS

    def of(self, value: object, depth: int) -> Any:
        """Copy one value at this depth."""
        self._items -= 1
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            return self._number(value)
        if isinstance(value, Mapping | list | tuple):
            return self._nested(value, depth)
        return self._text(_words(value))

    def _nested(self, value: Mapping[Any, Any] | list[Any] | tuple[Any, ...], depth: int) -> Any:
        if depth == MAX_DEPTH or self._is_full:
            return "…"
        if isinstance(value, Mapping):
            return self._object(value, depth + 1)
        return self._list(value, depth + 1)

    @property
    def _is_full(self) -> bool:
        return self._characters <= 0 or self._items <= 0

    def _object(self, value: Mapping[Any, Any], depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, item in value.items():
            if self._is_full:
                found["…"] = "…"
                break
            found[self._text(_words(name))] = self.of(item, depth)
        return found

    def _list(self, value: list[Any] | tuple[Any, ...], depth: int) -> list[Any]:
        found: list[Any] = []
        for item in value:
            if self._is_full:
                found.append("…")
                break
            found.append(self.of(item, depth))
        return found

    def _text(self, text: str) -> str:
        kept = storable(text, limit=max(self._characters, 1))
        self._characters -= len(kept)
        return kept

    def _number(self, value: int | float) -> int | float | str:
        if isinstance(value, int):
            return value if value.bit_length() <= _MOST_BITS else self._text(_words(value))
        return value if math.isfinite(value) else str(value)


def _words(value: object) -> str:
    """Return what a value is that is no JSON, without raising whatever it does when it is asked."""
    if isinstance(value, bytes | bytearray):
        return value.decode("utf-8", "replace")
    try:
        return str(value)
    except Exception:  # noqa: BLE001 a number of 5,000 digits, an object of somebody's own making
        return f"({type(value).__name__})"
