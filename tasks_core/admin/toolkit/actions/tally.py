"""What became of the rows that an action was applied to."""

from collections import Counter
from collections.abc import Iterable

from django.contrib import messages
from django.http import HttpRequest
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

MAX_DETAILS = 3


class Tally:
    """Counts what was done and what was refused, in words for the operator."""

    def __init__(self) -> None:
        self._done: Counter[str] = Counter()
        self._refused: Counter[str] = Counter()
        self._details: list[str] = []
        self._links: list[SafeString] = []
        self.changed: list[int] = []
        """Keys of the rows to which it was done."""
        self.revealed = ""
        """A secret that came of it; a page shows it once, and nothing stores it."""

    def did(self, word: str, key: int, *, link: SafeString | None = None) -> None:
        """Count one row, with a ``link`` to what came of it."""
        self._done[word] += 1
        self.changed.append(key)
        if link:
            self._links.append(link)

    def did_all(self, word: str, keys: Iterable[int]) -> None:
        """Count several rows."""
        for key in keys:
            self.did(word, key)

    def refuse(self, words: str, *, detail: str = "", count: int = 1) -> None:
        """Count rows that stay as they are; ``detail`` says why in full."""
        if count:
            self._refused[words] += count
        if detail:
            self._details.append(detail)

    @property
    def level(self) -> int:
        """How the message is to be shown: success, partial or no success."""
        if not self._refused:
            return messages.SUCCESS
        return messages.WARNING if self._done else messages.ERROR

    def text(self) -> SafeString:
        """Return for example ``3 cancelled, 2 had already finished.``"""
        counts = ", ".join(f"{n:,} {word}" for word, n in (self._done + self._refused).items())
        details = "; ".join(dict.fromkeys(self._details[:MAX_DETAILS]))
        if len(self._details) > MAX_DETAILS:
            details += "; …"
        links = format_html_join(", ", "{}", ((link,) for link in self._links[:MAX_DETAILS]))
        return format_html(
            "{}.{}{}",
            counts or "Nothing was selected",
            f" {details}." if details else "",
            format_html(" {}", links) if links else mark_safe(""),
        )

    def tell(self, request: HttpRequest) -> None:
        """Show the outcome on the next page."""
        messages.add_message(request, self.level, self.text())
