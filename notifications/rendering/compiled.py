"""A whole template, compiled once, and the message that it gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from notifications.exceptions import InvalidTemplate, RenderingFailed
from notifications.rendering.part import Part
from notifications.rendering.sandbox import HTML, JSON, TEXT
from tasks_core.engine.json_text import UnreadableJson, shortest_json
from tasks_core.engine.single_line import is_single_line

MAX_SUBJECT = 500
ONE_LINE = "has a line break or control character; it is one line"


@dataclass(frozen=True)
class Rendered:
    """A message. Its parts stay out of ``repr``, because they may hold a one-time code."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


class CompiledMail:
    """A template with a subject, a text part and, if it has one, an HTML part."""

    def __init__(self, subject: str, text: str, html: str = "") -> None:
        """Compile all parts; InvalidTemplate names the part and the line."""
        if not subject.strip():
            raise InvalidTemplate("subject", "is empty; an e-mail needs one")
        if not text.strip():
            raise InvalidTemplate("text", "is empty; it is always sent, HTML is added to it")
        self._subject = _subject_part(subject)
        self._text = Part("text", text, TEXT)
        self._html = Part("html", html, HTML) if html.strip() else None
        parts = [self._subject, self._text, *([self._html] if self._html else [])]
        self.names = frozenset[str]().union(*(part.names for part in parts))

    def render(self, variables: Mapping[str, Any]) -> Rendered:
        """Render all parts; RenderingFailed names the part, the line and the variable."""
        subject = self._subject.render(variables).strip()
        _check_subject(subject)
        html = self._html.render(variables) if self._html else ""
        return Rendered(subject, self._text.render(variables), html)


class CompiledText:
    """A template with a text and, where the channel shows one, a title."""

    def __init__(self, subject: str, text: str, *, limit: int) -> None:
        """Compile both; InvalidTemplate names the part and the line.

        Args:
            subject: one line; empty for none.
            text: the message.
            limit: characters that title and text may have together.
        """
        if not text.strip():
            raise InvalidTemplate("text", "is empty; it is the message")
        self._subject = _subject_part(subject) if subject.strip() else None
        self._text = Part("text", text, TEXT)
        self._limit = limit
        self.names = self._text.names | (self._subject.names if self._subject else frozenset())

    def render(self, variables: Mapping[str, Any]) -> Rendered:
        """Render; RenderingFailed names the part, the line and the variable."""
        subject = ""
        if self._subject is not None:
            subject = self._subject.render(variables).strip()
            _check_subject(subject)
        text = self._text.render(variables).strip()
        if not text:
            raise RenderingFailed("text", "is empty with these variables")
        if len(subject) + len(text) > self._limit:
            raise RenderingFailed("text", f"has more than {self._limit} characters")
        return Rendered(subject, text, "")


class CompiledPayload:
    """A template whose text is a JSON document; every value in it is written as JSON."""

    def __init__(self, text: str) -> None:
        """Compile the text; InvalidTemplate names the line."""
        self._text = Part("text", text, JSON)
        self.names = self._text.names

    def render(self, variables: Mapping[str, Any]) -> Rendered:
        """Render, and write the document in its shortest form."""
        document = self._text.render(variables)
        try:
            return Rendered("", shortest_json(document), "")
        except UnreadableJson as error:
            hint = str(error) if error.line is None else "write {{ name }} without quotes around it"
            raise RenderingFailed("text", f"does not give JSON; {hint}", line=error.line) from None


def _subject_part(subject: str) -> Part:
    if not is_single_line(subject.strip()):
        raise InvalidTemplate("subject", ONE_LINE)
    return Part("subject", subject, TEXT)


def _check_subject(subject: str) -> None:
    if not subject:
        raise RenderingFailed("subject", "is empty with these variables")
    if not is_single_line(subject):
        raise RenderingFailed("subject", ONE_LINE)
    if len(subject) > MAX_SUBJECT:
        raise RenderingFailed("subject", f"has more than {MAX_SUBJECT} characters")
