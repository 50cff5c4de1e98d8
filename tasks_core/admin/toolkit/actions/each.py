"""Actions that go from row to row: one that refuses does not stop the others."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.core.exceptions import ImproperlyConfigured
from django.db.models import Model
from django.utils.safestring import SafeString

from tasks_core.admin.toolkit.actions.tally import Tally

M = TypeVar("M", bound=Model)
Answers = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Did:
    """What was done to a row, such as ``cancelled``, and a link to what came of it."""

    word: str
    link: SafeString | None = None


class Refused(Exception):
    """Raised for a row that stays as it is; says in which words it is counted, and why in full."""

    def __init__(self, words: str, *, detail: str = "") -> None:
        super().__init__(words)
        self.words, self.detail = words, detail


Deed = Callable[[M, Answers, str], Did]
"""Does something to one row, given the form's data and who asked, or raises ``Refused``."""


def each(
    deed: Deed[M], *, refusals: Mapping[type[Exception], str] | None = None
) -> Callable[[Sequence[M], Answers, str], Tally]:
    """Return what does ``deed`` to every row, for ``Action.perform``.

    Args:
        deed: what is done to one row.
        refusals: errors of the API that leave a row as it is, and the words they are counted in; what they
            say is shown in full.
    """
    words = refusals or {}

    def perform(rows: Sequence[M], answers: Answers, actor: str) -> Tally:
        tally = Tally()
        for row in rows:
            try:
                did = deed(row, answers, actor)
            except Refused as refusal:
                tally.refuse(refusal.words, detail=refusal.detail)
            except tuple(words) as error:
                said = next(word for kind, word in words.items() if isinstance(error, kind))
                tally.refuse(said, detail=str(error))
            except ImproperlyConfigured as error:  # no key opens what is sealed in it
                tally.refuse("could not be opened", detail=str(error))
            else:
                tally.did(did.word, row.pk, link=did.link)
        return tally

    return perform
