"""What the feed may be asked, checked."""

from typing import Any

from django.http import HttpRequest

from notifications.inbox.reading import MAX_PAGE
from tasks_core.engine.bigint import LARGEST_BIGINT, bigint
from tasks_core.engine.json_text import UnreadableJson, read_json

MAX_IDS = 500
MAX_BODY = 20_000


class BadRequest(ValueError):
    """The request cannot be understood; says which parameter and what would be right."""


def number(
    request: HttpRequest, name: str, default: int | None, most: int = LARGEST_BIGINT
) -> int | None:
    """Return a whole number from 1 to ``most`` from the query; the default if it is not there."""
    text = request.GET.get(name)
    if text is None:
        return default
    found = bigint(text)
    if found is None or not 1 <= found <= most:
        raise BadRequest(f"{name}: give a whole number from 1 to {most}")
    return found


def page_size(request: HttpRequest) -> int:
    """Return ``limit``."""
    return number(request, "limit", 20, MAX_PAGE) or 20


def body(request: HttpRequest) -> dict[str, Any]:
    """Return the JSON object in the body."""
    length = bigint(request.headers.get("Content-Length") or "0")  # of a longer one nothing is read
    if length is None or length > MAX_BODY:
        raise BadRequest(f"body: give at most {MAX_BODY} bytes")
    try:
        found = read_json(request.body)
    except UnreadableJson:
        found = None
    if not isinstance(found, dict):
        raise BadRequest('body: give a JSON object, such as {"ids": [17]} or {"up_to": 17}')
    return found


def ids(given: object) -> list[int]:
    """Check the list of messages to mark."""
    if not isinstance(given, list) or not 0 < len(given) <= MAX_IDS:
        raise BadRequest(f"ids: give a list of 1 to {MAX_IDS} ids")
    return [one_id("ids", item) for item in given]


def one_id(name: str, given: object) -> int:
    """Check one id."""
    if isinstance(given, bool) or not isinstance(given, int) or not 1 <= given <= LARGEST_BIGINT:
        raise BadRequest(f"{name}: give ids as whole numbers")
    return given
