"""What logs must not show: by the name of a header or a field, and by value."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from notifications import conf
from notifications.confidential import MASK, leaves
from tasks_core.engine.json_text import storable
from tasks_core.engine.redaction.known import KnownSecrets, without_known

SHORTEST = 4
"""A value with fewer characters is not looked for in texts: it occurs everywhere by chance."""


def is_sensitive(name: str) -> bool:
    """Return whether a header or a field of this name holds something to hide."""
    plain = _plain(name)
    return any(_plain(word) in plain for word in conf.current().trigger_redacted_words if word)


def sensitive_values(payload: Any) -> Iterator[str]:
    """Return the texts and numbers in fields of sensitive names."""
    if isinstance(payload, Mapping):
        for name, value in payload.items():
            yield from leaves(value) if is_sensitive(name) else sensitive_values(value)
    elif isinstance(payload, list):
        for item in payload:
            yield from sensitive_values(item)


class Redaction:
    """Masks values wherever they occur in what is logged."""

    def __init__(self, values: Iterable[str]) -> None:
        self._values = {value for value in values if len(value) >= SHORTEST}
        self._known = [KnownSecrets(self._values, everywhere=True)] if self._values else []

    @property
    def values(self) -> list[str]:
        """The values that it masks."""
        return list(self._values)

    def text(self, text: str) -> str:
        """Mask the values in a text and cut it to ``TRIGGER_LOG_LIMIT`` bytes."""
        limit = conf.current().trigger_log_limit
        masked = without_known(text, self._known, limit=limit + 1)
        return _cut(storable(masked, limit=len(masked) + 1), limit)

    def json(self, value: Any) -> Any:
        """Mask the values, and whatever is in fields of sensitive names, in plain JSON."""
        if isinstance(value, Mapping):
            return {
                self.text(name): MASK if is_sensitive(name) else self.json(item)
                for name, item in value.items()
            }
        if isinstance(value, list):
            return [self.json(item) for item in value]
        return self.text(value) if isinstance(value, str) else value


def _cut(text: str, limit: int) -> str:
    encoded = text.encode()
    if len(encoded) <= limit:
        return text
    return encoded[:limit].decode(errors="ignore") + "…"


def _plain(name: str) -> str:
    return name.lower().replace("-", "").replace("_", "")
