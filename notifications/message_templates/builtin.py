"""The message templates that come with the product, in folders ``<name>/<channel>/``."""

from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.db import transaction

from notifications import conf
from notifications.exceptions import InvalidTemplate
from notifications.message_templates.publishing import publish_template
from notifications.models import TemplateVersion
from tasks_core import database
from tasks_core.engine.json_text import UnreadableJson, read_json

_PACKAGED = Path(__file__).with_name("shipped")


def publish_builtin_templates(folder: Path | None = None) -> list[TemplateVersion]:
    """Publish the templates of a folder, or the product's own; those that have not changed stay as they are.

    Each channel's folder holds ``text.txt``, and may hold ``subject.txt``, ``html.html``,
    ``variables.json`` (JSON Schema) and ``sample.json``.

    Raises:
        InvalidTemplate: names the part, the file, the line and what is wrong; nothing is published.
        ImproperlyConfigured: the setting ``TEMPLATES_FOLDER`` names a folder without templates.
    """
    folder = folder or _shipped_folder()
    with transaction.atomic(using=database.alias()):
        return [_publish(text.parent) for text in sorted(folder.glob("*/*/text.txt"))]


def _shipped_folder() -> Path:
    said = conf.current().templates_folder
    folder = Path(said) if said else _PACKAGED
    if not any(folder.glob("*/*/text.txt")):
        raise ImproperlyConfigured(
            f"{folder} holds no NAME/CHANNEL/text.txt; let TEMPLATES_FOLDER name the folder of the templates "
            "that come with the product, or leave it empty"
        )
    return folder


def _publish(folder: Path) -> TemplateVersion:
    try:
        return publish_template(
            folder.parent.name,
            channel=folder.name,
            subject=_read(folder, "subject").strip(),
            text=_read(folder, "text"),
            html=_read(folder, "html"),
            schema=_read_json(folder, "schema"),
            sample=_read_json(folder, "sample"),
        )
    except InvalidTemplate as error:
        place = f"{folder.parent.name}/{folder.name}/{FILES.get(error.part, '')}"
        raise InvalidTemplate(error.part, f"in {place}: {error.problem}", error.line) from None


FILES = {
    "subject": "subject.txt",
    "text": "text.txt",
    "html": "html.html",
    "schema": "variables.json",
    "sample": "sample.json",
}
"""Where each part is."""


def _read(folder: Path, part: str) -> str:
    try:
        # With the mark that some editors put at the beginning, or without.
        return (folder / FILES[part]).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise InvalidTemplate(
            part, f"is no UTF-8 at byte {error.start + 1:,}; save it in that encoding"
        ) from None
    except OSError as error:
        raise InvalidTemplate(part, f"cannot be read: {error.strerror}") from None


def _read_json(folder: Path, part: str) -> dict[str, Any] | None:
    text = _read(folder, part)
    if not text:
        return None
    try:
        found = read_json(text)
    except UnreadableJson as error:
        raise InvalidTemplate(part, str(error), error.line) from None
    if not isinstance(found, dict):
        raise InvalidTemplate(part, "must be a JSON object")
    return found
