"""A request or a response on a page, for people: its first line, what is known of it, headers and body."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifications.confidential import MASK
from notifications.triggers.redaction import is_sensitive
from tasks_core.admin.toolkit import badge, facts_table, table
from tasks_core.engine.json_text import UnreadableJson, read_any_json

BODY_SHOWN = 20_000
"""Characters of a body that a page shows, whatever a log has kept."""

Headers = Iterable[Mapping[str, Any]]
"""Headers as triggers store and log them: a name, and a value or the variable that it comes from."""


@dataclass(frozen=True, kw_only=True)
class Half:
    """What was sent, or what came back, as far as it was kept."""

    title: str
    line: SafeString | str = ""
    facts: Sequence[tuple[str, object]] = ()
    headers: SafeString | str = ""
    body: str = ""
    extra: SafeString | str = ""


def exchange_block(*halves: Half) -> SafeString:
    """Return the halves side by side, or below one another where there is no room."""
    shown = [(half, facts_table(half.facts) if half.facts else "") for half in halves]
    return render_to_string("admin/notifications/exchange.html", {"halves": shown})


def request_line(method: str, url: str) -> SafeString:
    """Return method, host and path of a request; not the query or the user of a URL, which may be secrets."""
    host, path = place_of(url)
    return format_html(
        '<span class="br-method">{}</span> <strong>{}</strong><span class="br-subtle">{}</span>',
        method,
        host,
        path,
    )


def place_of(url: str) -> tuple[str, str]:
    """Return host and path of a URL; what is none, such as one with a variable for its host, stays whole."""
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return url, ""
    if not parts.hostname:
        return url, ""
    return f"{parts.hostname}{port}", parts.path + ("?…" if parts.query else "")


def status_badge(status: int) -> SafeString:
    """Return the badge of an HTTP status, with its name: ``503 Service Unavailable``."""
    try:
        name = HTTPStatus(status).phrase
    except ValueError:
        name = ""
    return badge(f"{status} {name}".strip(), "good" if 200 <= status < 300 else "bad")


def header_table(headers: Headers) -> SafeString | str:
    """Return headers as a table, nothing if there are none; sensitive ones masked in any case."""
    rows = [(one.get("name", ""), _value(one)) for one in headers]
    return table(("Header", "Value"), rows, empty="") if rows else ""


def body_text(body: Any) -> str:
    """Return a body as text: JSON indented, anything else as it is, and no more than fits a page."""
    text = body if isinstance(body, str) else json.dumps(body)
    try:
        document = read_any_json(text)
    except UnreadableJson:
        document = None
    if isinstance(document, dict | list):
        text = json.dumps(document, indent=2, ensure_ascii=False)
    if len(text) <= BODY_SHOWN:
        return text
    return f"{text[:BODY_SHOWN]}…\n({len(text) - BODY_SHOWN:,} more characters)"


def label(name: str) -> str:
    """Return the name of a field in words."""
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


def plain(value: Any) -> object:
    """Return a value for one line."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str | int | float) else json.dumps(value, ensure_ascii=False)


def _value(header: Mapping[str, Any]) -> object:
    if "value_from_env" in header:
        return f"from the environment: {header['value_from_env']}"
    if is_sensitive(str(header.get("name", ""))):
        return MASK
    return header.get("value", "")
