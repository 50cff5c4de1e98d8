"""The parts of a template as an operator types them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from notifications.exceptions import InvalidTemplate
from notifications.message_templates.publishing import check_template, preview
from notifications.models import Template, TemplateDraft, TemplateVersion
from notifications.rendering.compiled import Rendered
from tasks_core.engine.json_text import UnreadableJson, read_json

PARTS = ("subject", "text", "html", "schema", "sample")


@dataclass(frozen=True, kw_only=True)
class Source:
    """Texts as typed; ``schema`` and ``sample`` are JSON, or empty."""

    subject: str = ""
    text: str = ""
    html: str = ""
    schema: str = ""
    sample: str = ""

    @classmethod
    def typed(cls, data: Mapping[str, Any]) -> "Source":
        """Return what a form holds; browsers end lines with CR LF."""
        return cls(**{name: str(data.get(name) or "").replace("\r\n", "\n") for name in PARTS})

    @classmethod
    def of(cls, template: Template) -> "Source":
        """Return the template's draft, or else its current version."""
        draft = TemplateDraft.objects.filter(template=template).first()
        if draft is not None:
            return cls(**{field.name: getattr(draft, field.name) for field in fields(cls)})
        return cls.of_version(template.current) if template.current else cls()

    @classmethod
    def of_version(cls, version: TemplateVersion) -> "Source":
        """Return a published version as it would be typed."""
        return cls(
            subject=version.subject,
            text=version.text,
            html=version.html,
            schema=_written(version.schema),
            sample=_written(version.sample),
        )

    def options(self) -> dict[str, Any]:
        """Return the parts as ``publish_template`` takes them.

        Raises:
            InvalidTemplate: schema or sample is not a JSON object.
        """
        return {
            "subject": self.subject,
            "text": self.text,
            "html": self.html,
            "schema": _parsed("schema", self.schema),
            "sample": _parsed("sample", self.sample),
        }

    def rendered(self, channel: str) -> Rendered:
        """Check all parts and render them with the sample.

        Raises:
            InvalidTemplate, RenderingFailed: names the part, the line and the variable.
        """
        return preview(check_template("preview", channel=channel, **self.options()), channel)


def _parsed(part: str, text: str) -> dict[str, Any] | None:
    if not text.strip():
        return None
    try:
        value = read_json(text)
    except UnreadableJson as error:
        problem = "is not JSON" if error.line else "cannot be stored"
        raise InvalidTemplate(part, f"{problem}: {error}", error.line) from None
    if not isinstance(value, dict):
        raise InvalidTemplate(part, "must be a JSON object, { ... }")
    return value


def _written(value: dict[str, Any]) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False) if value else ""
