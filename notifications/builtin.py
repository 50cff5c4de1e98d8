"""The templates that come with the product: ``templates/notifications/<name>/<channel>/``."""

from pathlib import Path
from typing import Any

from django.db import transaction

from notifications.catalogue import publish_template
from notifications.exceptions import InvalidTemplate
from notifications.models import TemplateVersion
from tasks_core import database
from tasks_core.json_text import UnreadableJson, read_json

FOLDER = Path(__file__).resolve().parent.parent / "templates" / "notifications"


def publish_builtin_templates(folder: Path = FOLDER) -> list[TemplateVersion]:
    """Publish the templates of a folder; those that have not changed stay as they are.

    Each channel's folder holds ``text.txt``, and may hold ``subject.txt``, ``html.html``,
    ``variables.json`` (JSON Schema) and ``sample.json``.

    Raises:
        InvalidTemplate: names the part, the line and what is wrong; nothing is published.
    """
    with transaction.atomic(using=database.alias()):
        return [_publish(text.parent) for text in sorted(folder.glob("*/*/text.txt"))]


def _publish(folder: Path) -> TemplateVersion:
    return publish_template(
        folder.parent.name,
        channel=folder.name,
        subject=_read(folder / "subject.txt").strip(),
        text=_read(folder / "text.txt"),
        html=_read(folder / "html.html"),
        schema=_read_json(folder / "variables.json", "schema"),
        sample=_read_json(folder / "sample.json", "sample"),
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _read_json(path: Path, part: str) -> dict[str, Any] | None:
    text = _read(path)
    if not text:
        return None
    try:
        found = read_json(text)
    except UnreadableJson as error:
        raise InvalidTemplate(part, f"{path.name}: {error}", error.line) from None
    if not isinstance(found, dict):
        raise InvalidTemplate(part, f"{path.name} must be a JSON object")
    return found
