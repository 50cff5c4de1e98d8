"""The response transform: what is logged as the body of a response."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from notifications.triggers.transforms.body import BodyTransform, parse_body
from notifications.triggers.transforms.fields import check_object, version_of
from tasks_core.engine.json_text import UnreadableJson, read_any_json

WHERE = "response_transform"
FIELDS = ("version", "body", "template_engine")
VARIABLES = frozenset({"body", "status", "request"})
"""``body`` and ``status`` of the response; ``request``: the body that was to be sent."""


class NotJson(Exception):
    """The response's body is not JSON, so templates cannot look into it."""


@dataclass(frozen=True, kw_only=True)
class ResponseTransform:
    """A response transform, its templates compiled."""

    body: BodyTransform | None

    def apply(self, body: bytes, *, status: int, request: Mapping[str, Any]) -> str:
        """Return the text that stands for the body.

        Raises:
            NotJson: the body is not JSON.
            RenderingFailed: says what is wrong; carries no values.
        """
        if self.body is None:
            return body.decode("utf-8", "replace")
        try:
            document = read_any_json(body)
        except UnreadableJson:
            raise NotJson("the response's body is not JSON") from None
        variables = {"body": document, "status": status, "request": request}
        return self.body.write(variables).text


def parse_response_transform(given: Any) -> ResponseTransform:
    """Read a response transform and compile its templates.

    Raises:
        InvalidTrigger: names the field and what would be right.
    """
    given = check_object(WHERE, given, FIELDS)
    version = version_of(WHERE, given)
    if "body" not in given:
        return ResponseTransform(body=None)
    return ResponseTransform(body=parse_body(f"{WHERE}.body", given["body"], version, VARIABLES))
