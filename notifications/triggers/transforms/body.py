"""The body of a transform: removed, a JSON document, or a form."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from notifications.exceptions import InvalidTrigger, RenderingFailed
from notifications.rendering.compiled import CompiledPayload
from notifications.rendering.part import Part
from notifications.triggers.transforms.fields import check_object, json_part, text_parts

JSON_TYPE = "application/json"
FORM_TYPE = "application/x-www-form-urlencoded"
ACTIONS = ("remove", "transform", "x_www_form_urlencoded")


@dataclass(frozen=True)
class Written:
    """A body that a template gave; an empty type means that there is none."""

    text: str
    content_type: str


class BodyTransform:
    """What becomes of a body: none of the three parts means that it is removed."""

    def __init__(
        self,
        *,
        document: CompiledPayload | None = None,
        form: tuple[tuple[str, Part], ...] | None = None,
        content_type: str = JSON_TYPE,
    ) -> None:
        self._document = document
        self._form = form
        self._content_type = content_type

    def write(self, variables: Mapping[str, Any]) -> Written:
        """Render; raises RenderingFailed."""
        if self._form is not None:
            return Written(
                urlencode([(name, part.render(variables)) for name, part in self._form]), FORM_TYPE
            )
        if self._document is None:
            return Written("", "")
        text = self._document.render(variables).text
        if self._content_type == FORM_TYPE:
            return Written(_form_of(json.loads(text)), FORM_TYPE)
        return Written(text, self._content_type)


def parse_body(
    where: str, given: Any, version: str, allowed: frozenset[str], content_type: str = JSON_TYPE
) -> BodyTransform:
    """Read the body of a transform: a template in version 1, an action in version 2.

    Raises:
        InvalidTrigger: names the field and what would be right.
    """
    if version == "1":
        return BodyTransform(document=json_part(where, given, allowed), content_type=content_type)
    given = check_object(where, given, ("action", "template", "form_template"))
    action = given.get("action")
    if action == "remove":
        return BodyTransform()
    if action == "transform":
        return BodyTransform(
            document=json_part(f"{where}.template", given.get("template"), allowed)
        )
    if action == "x_www_form_urlencoded":
        form = text_parts(f"{where}.form_template", given.get("form_template"), allowed)
        return BodyTransform(form=form)
    raise InvalidTrigger(f"{where}.action", f"must be one of {', '.join(ACTIONS)}")


def _form_of(document: Any) -> str:
    """Write an object as a form."""
    if not isinstance(document, dict):
        raise RenderingFailed("body", "must give an object to be sent as a form")
    if any(isinstance(value, dict | list) for value in document.values()):
        raise RenderingFailed(
            "body", "must give an object of texts and numbers to be sent as a form"
        )
    return urlencode([(name, _plain(value)) for name, value in document.items()])


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
