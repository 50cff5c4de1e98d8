"""Templates of push messages: a title and a text, as much as one push message holds."""

import json
from collections.abc import Mapping
from typing import Any

from notifications.exceptions import RenderingFailed
from notifications.rendering.compiled import CompiledText, Rendered
from notifications.sending.channels.webpush.encryption import MAX_MESSAGE

MAX_CHARACTERS = 3_500


class CompiledPush:
    """A template whose message fits into one push."""

    def __init__(self, subject: str, text: str) -> None:
        """Compile title and text; InvalidTemplate names the part and the line."""
        self._compiled = CompiledText(subject, text, limit=MAX_CHARACTERS)
        self.names = self._compiled.names

    def render(self, variables: Mapping[str, Any]) -> Rendered:
        """Render, and refuse what is too long in bytes."""
        content = self._compiled.render(variables)
        if len(document_of(content)) > MAX_MESSAGE:
            raise RenderingFailed("text", f"with its title has more than {MAX_MESSAGE} bytes")
        return content


def document_of(content: Rendered) -> bytes:
    """Return what the page's service worker gets: ``{"title": ..., "body": ...}``."""
    document = {"title": content.subject, "body": content.text}
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
