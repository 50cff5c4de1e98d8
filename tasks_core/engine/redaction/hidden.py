"""Values that must not be shown in the log lines of one attempt or one request."""

from collections.abc import Iterable, Iterator

from tasks_core.engine.redaction.known import KnownSecrets


class HiddenValues:
    """A growing set of values. Looking for them is prepared when the first line asks for it."""

    __slots__ = ("_known", "_values")

    def __init__(self, values: Iterable[str] = ()) -> None:
        self._values = _texts(values)
        self._known: KnownSecrets | None = None

    def add(self, values: Iterable[str]) -> None:
        """Hide ``values`` from now on."""
        more = _texts(values) - self._values
        if more:
            self._values |= more
            self._known = None

    def __iter__(self) -> Iterator[str]:
        """Return the values."""
        return iter(self._values)

    @property
    def known(self) -> KnownSecrets | None:
        """What to look for, None for nothing."""
        if self._known is None and self._values:
            self._known = KnownSecrets(self._values)
        return self._known


def _texts(values: Iterable[object]) -> frozenset[str]:
    """Take what should be texts: one that is none must not fail each line from then on."""
    return frozenset(str(value) for value in values if value is not None)
