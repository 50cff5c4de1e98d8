"""Redact a value of any shape: what comes out is plain JSON, bounded in depth, width and length."""

import math
from collections.abc import Callable

from tasks_core.engine.redaction.fields import MOST_ITEMS, Pairs, named_parts, plain_parts
from tasks_core.engine.redaction.masking import MASK
from tasks_core.engine.redaction.plain_text import integer_text, text_of

DEEPEST = 8
MOST_NODES = 2_000
MOST_CHARACTERS = 64_000
MORE = "…"

Json = str | int | float | bool | None | list["Json"] | dict[str, "Json"]


class Walk:
    """One line's walk through its values."""

    def __init__(self, text: Callable[[str], str], is_secret: Callable[[str], bool]) -> None:
        self._text = text
        self._is_secret = is_secret
        self._path: list[int] = []
        self._nodes = 0
        self._characters = 0

    def value(self, value: object) -> Json:
        """Return the value as it may be shown."""
        self._nodes += 1
        if self._nodes > MOST_NODES or self._characters > MOST_CHARACTERS:
            return MORE
        if value is None or isinstance(value, bool):
            return value
        if isinstance(value, float) and math.isfinite(value):
            return float(value)
        if isinstance(value, int):
            return self._integer(value)
        if isinstance(value, str | bytes | bytearray):
            return self._shown(value)
        return self._object(value)

    def named(self, name: str, value: object) -> Json:
        """Return the value of this name as it may be shown."""
        says_nothing = value is None or isinstance(value, bool) or _is_empty(value)
        return self.value(value) if says_nothing or not self._is_secret(name) else MASK

    def _integer(self, value: int) -> Json:
        # As text too: it may be the number of a card, or a code that is known.
        written = integer_text(value)
        shown = self._text(written)
        return int(value) if shown == written and not written.startswith("<") else shown

    def _shown(self, value: object) -> str:
        shown = self._text(text_of(value))
        self._characters += len(shown)
        return shown

    def _object(self, value: object) -> Json:
        if hasattr(type(value), "get_secret_value"):
            return MASK
        if id(value) in self._path:
            return f"<{type(value).__name__} within itself>"
        if len(self._path) >= DEEPEST:
            return MORE
        self._path.append(id(value))
        try:
            return self._parts(value)
        except Exception as error:  # noqa: BLE001 whatever reading it does, the line must come through
            return f"<{type(value).__name__}, which cannot be read: {type(error).__name__}>"
        finally:
            self._path.pop()

    def _parts(self, value: object) -> Json:
        if (pairs := named_parts(value)) is not None:
            return self._pairs(pairs)
        if (items := plain_parts(value)) is not None:
            return self._items(items)
        return self._shown(value)

    def _pairs(self, pairs: Pairs) -> Json:
        names = [text_of(name) for name, _ in pairs]
        parts = {name.lower(): value for name, (_, value) in zip(names, pairs, strict=True)}
        # A record of a name and a value.
        title = next((parts[word] for word in _TITLES if word in parts), None)
        is_titled = isinstance(title, str | bytes) and self._is_secret(text_of(title))
        shown: dict[str, Json] = {}
        for name, (_, value) in zip(names, pairs, strict=True):
            hidden = is_titled and name.lower() in _VALUES
            shown[self._text(name)] = MASK if hidden else self.named(name, value)
        if len(pairs) == MOST_ITEMS:
            shown[MORE] = MORE
        return shown

    def _items(self, items: list[object]) -> Json:
        shown: list[Json] = []
        before: object = None
        for position, item in enumerate(items):
            # ("password", ...), and ["--password", ...]
            is_value = isinstance(before, str | bytes) and (
                (len(items) == 2 and position == 1) or text_of(before).startswith("-")
            )
            shown.append(self.named(text_of(before), item) if is_value else self.value(item))
            before = item
        return [*shown, MORE] if len(items) == MOST_ITEMS else shown


_TITLES = ("name", "key", "header", "field", "param", "parameter")
_VALUES = frozenset({"value", "values", "val", "content", "data"})


def _is_empty(value: object) -> bool:
    return isinstance(value, str | bytes) and len(value) == 0
