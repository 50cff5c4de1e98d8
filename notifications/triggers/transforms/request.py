"""The request transform: method, URL, query parameters, headers and body."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from notifications.exceptions import InvalidTrigger, RenderingFailed
from notifications.rendering.part import Part
from notifications.triggers.headers import check_header_name, is_header_value
from notifications.triggers.transforms.body import (
    FORM_TYPE,
    JSON_TYPE,
    BodyTransform,
    Written,
    parse_body,
)
from notifications.triggers.transforms.fields import (
    check_object,
    text_part,
    text_parts,
    version_of,
)

WHERE = "request_transform"
FIELDS = (
    "version", "method", "url", "query_params", "request_headers", "content_type", "body",
    "template_engine",
)  # fmt: skip
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
VARIABLES = frozenset({"body", "base_url"})
"""``body``: the request's body as it would be without the transform; ``base_url``: the webhook."""

Parts = tuple[tuple[str, Part], ...]


@dataclass(frozen=True, kw_only=True)
class Changed:
    """What a transform gave; None is left as it was."""

    method: str
    url: str
    body: Written | None
    add_headers: tuple[tuple[str, str], ...]
    remove_headers: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class RequestTransform:
    """A request transform, its templates compiled."""

    method: str
    url: Part | None
    query_params: Parts
    add_headers: Parts
    remove_headers: frozenset[str]
    body: BodyTransform | None

    def apply(self, body: Mapping[str, Any], base_url: str) -> Changed:
        """Render all parts.

        Raises:
            RenderingFailed: says which field and what is wrong; carries no values.
        """
        variables = {"body": body, "base_url": base_url}
        url = self.url.render(variables).strip() if self.url else base_url
        query = urlencode([(name, part.render(variables)) for name, part in self.query_params])
        return Changed(
            method=self.method,
            url=_with_query(url, query),
            body=self.body.write(variables) if self.body else None,
            add_headers=tuple(
                (name, _header(name, part.render(variables))) for name, part in self.add_headers
            ),
            remove_headers=self.remove_headers,
        )


def parse_request_transform(given: Any) -> RequestTransform:
    """Read a request transform and compile its templates.

    Raises:
        InvalidTrigger: names the field and what would be right.
    """
    given = check_object(WHERE, given, FIELDS)
    version = version_of(WHERE, given)
    headers = _headers(given.get("request_headers", {}))
    return RequestTransform(
        method=_method(given.get("method", "POST")),
        url=text_part(f"{WHERE}.url", given["url"], VARIABLES) if "url" in given else None,
        query_params=text_parts(f"{WHERE}.query_params", given.get("query_params", {}), VARIABLES),
        add_headers=_added(headers.get("add_headers", {})),
        remove_headers=_removed(headers.get("remove_headers", [])),
        body=_body(given, version),
    )


def _body(given: Mapping[str, Any], version: str) -> BodyTransform | None:
    content_type = _content_type(given, version)
    if "body" not in given:
        return None
    return parse_body(f"{WHERE}.body", given["body"], version, VARIABLES, content_type)


def _content_type(given: Mapping[str, Any], version: str) -> str:
    if "content_type" not in given:
        return JSON_TYPE
    if version != "1":
        raise InvalidTrigger(
            f"{WHERE}.content_type", "belongs to version 1; in version 2 the body's action says it"
        )
    found = given["content_type"]
    if found not in (JSON_TYPE, FORM_TYPE):
        raise InvalidTrigger(f"{WHERE}.content_type", f"must be {JSON_TYPE} or {FORM_TYPE}")
    return str(found)


def _method(given: Any) -> str:
    method = given.upper() if isinstance(given, str) else given
    if method not in METHODS:
        raise InvalidTrigger(f"{WHERE}.method", f"must be one of {', '.join(METHODS)}")
    return str(method)


def _headers(given: Any) -> Mapping[str, Any]:
    return check_object(f"{WHERE}.request_headers", given, ("add_headers", "remove_headers"))


def _added(given: Any) -> Parts:
    where = f"{WHERE}.request_headers.add_headers"
    parts = text_parts(where, given, VARIABLES)
    for name, _ in parts:
        check_header_name(where, name)
    return parts


def _removed(given: Any) -> frozenset[str]:
    where = f"{WHERE}.request_headers.remove_headers"
    if not isinstance(given, list | tuple) or not all(isinstance(name, str) for name in given):
        raise InvalidTrigger(where, "must be a list of names")
    return frozenset(name.lower() for name in given)


def _header(name: str, value: str) -> str:
    if not is_header_value(value):
        raise RenderingFailed(f"header {name}", "has a line break or another control character")
    return value


def _with_query(url: str, query: str) -> str:
    if not query:
        return url
    url, mark, fragment = url.partition("#")
    return f"{url}{'&' if '?' in url else '?'}{query}{mark}{fragment}"
