"""The one filter: everything that is logged goes through it."""

from collections.abc import Iterable, Iterator, Mapping

from tasks_core.engine.redaction.assignments import assigned_spans
from tasks_core.engine.redaction.cards import card_spans
from tasks_core.engine.redaction.known import KnownSecrets
from tasks_core.engine.redaction.masking import Span, masked, merged
from tasks_core.engine.redaction.names import is_secret_name, secret_words
from tasks_core.engine.redaction.plain_text import visible
from tasks_core.engine.redaction.readings import readings
from tasks_core.engine.redaction.structure import Json, Walk
from tasks_core.engine.redaction.tokens import token_spans

LONGEST_TEXT = 16_000
"""Characters of one text that are shown; of a longer one the beginning and the end."""

END_SHOWN = 8_000

LONGEST_SEARCH = 100_000
"""Characters of one text that are looked at. What comes after is never shown."""


class Redactor:
    """Masks secrets by the name of their field, by their form, and by their value where it is known.

    ``words`` make a name secret wherever they occur in it, besides those that are built in.
    """

    def __init__(self, *, words: Iterable[str] = ()) -> None:
        self._words = secret_words(words)

    def is_secret(self, name: str) -> bool:
        """Tell whether a field of this name is masked."""
        return is_secret_name(name, self._words)

    def text(self, text: str, known: Iterable[KnownSecrets] = ()) -> str:
        """Return a text without its secrets and control characters, cut to ``LONGEST_TEXT``.

        Takes time in proportion to the text's length, up to ``LONGEST_SEARCH`` characters.
        """
        searched = text[:LONGEST_SEARCH]
        spans = merged(self._spans(searched, known))
        if len(text) <= LONGEST_TEXT:
            return visible(masked(searched, spans, 0, len(searched)) if spans else text)
        # Cut after the search: half a secret would not be recognised.
        tail = END_SHOWN if len(text) <= LONGEST_SEARCH else 0
        begin = masked(searched, spans, 0, LONGEST_TEXT - tail)
        end = masked(searched, spans, len(searched) - tail, len(searched))
        left_out = len(text) - LONGEST_TEXT
        return visible(f"{begin}… ({left_out:,} characters left out) …{end}")

    def value(self, value: object, known: Iterable[KnownSecrets] = ()) -> Json:
        """Return a value of any shape as plain JSON without secrets."""
        return self._walk(known).value(value)

    def fields(
        self, fields: Mapping[str, object], known: Iterable[KnownSecrets] = ()
    ) -> dict[str, Json]:
        """Return the fields of one log line without secrets; they share one budget of size."""
        walk = self._walk(known)
        return {
            self.text(str(name), known): walk.named(str(name), value)
            for name, value in fields.items()
        }

    def _walk(self, known: Iterable[KnownSecrets]) -> Walk:
        return Walk(lambda text: self.text(text, known), self.is_secret)

    def _spans(self, text: str, known: Iterable[KnownSecrets]) -> Iterator[Span]:
        yield from assigned_spans(text, self._words)
        yield from token_spans(text)
        yield from card_spans(text)
        may_be_there = [secrets for secrets in known if len(text) >= secrets.shortest]
        if may_be_there:
            read = readings(text)
            for secrets in may_be_there:
                yield from secrets.spans_in(read)
