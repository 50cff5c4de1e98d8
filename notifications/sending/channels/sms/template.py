"""Templates of SMS: a text, no longer than it may cost."""

from collections.abc import Mapping
from typing import Any

from notifications import conf
from notifications.exceptions import InvalidTemplate, RenderingFailed
from notifications.rendering.compiled import Rendered
from notifications.rendering.part import Part
from notifications.rendering.sandbox import TEXT
from notifications.rules.sms.normalise import normalise
from notifications.rules.sms.segments import segments


class CompiledShortMessage:
    """A template whose text is sent as SMS."""

    def __init__(self, text: str) -> None:
        """Compile the text; InvalidTemplate names the line."""
        if not text.strip():
            raise InvalidTemplate("text", "is empty; an SMS is nothing but its text")
        self._text = Part("text", text, TEXT)
        self.names = self._text.names

    def render(self, variables: Mapping[str, Any]) -> Rendered:
        """Render, replace look-alikes, and refuse a text that makes too many segments."""
        text = normalise(self._text.render(variables).strip())
        if not text:
            raise RenderingFailed("text", "is empty with these variables")
        found, most = segments(text), conf.current().sms_max_segments
        if found.count > most:
            raise RenderingFailed(
                "text",
                f"makes {found.count} SMS ({found.units} {found.encoding} places); "
                f"the limit is {most} (SMS_MAX_SEGMENTS)",
            )
        return Rendered("", text, "")
