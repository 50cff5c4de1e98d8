"""The adaptive card that a message becomes."""

from typing import Any

from notifications.rendering.compiled import Rendered

_SCHEMA = "http://adaptivecards.io/schemas/adaptive-card.json"


def card_of(content: Rendered) -> dict[str, Any]:
    """Return the message as Workflows takes it.

    The text is put in runs, not in a TextBlock: that would read it as Markdown, and a value could
    become a link.
    """
    body = [_line(line) for line in content.text.splitlines()]
    if content.subject:
        body.insert(0, _line(content.subject, weight="Bolder", size="Medium"))
    card = {"type": "AdaptiveCard", "$schema": _SCHEMA, "version": "1.4", "body": body}
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "content": card}
    return {"type": "message", "attachments": [{**attachment, "contentUrl": None}]}


def _line(text: str, **style: str) -> dict[str, Any]:
    return {"type": "RichTextBlock", "inlines": [{"type": "TextRun", "text": text or " ", **style}]}
