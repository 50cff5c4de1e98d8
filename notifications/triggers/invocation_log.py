"""What is kept of a request and of a response: capped, and without secrets."""

import json
from collections.abc import Mapping
from typing import Any

from notifications import conf
from notifications.confidential import MASK
from notifications.triggers.redaction import Redaction, is_sensitive
from notifications.triggers.request import Request
from tasks_core.engine.json_text import UnreadableJson, read_any_json

VERSION = "1"


def logged_request(request: Request) -> dict[str, Any]:
    """Return the log of a request; a header from the environment is named by its variable."""
    logged: dict[str, Any] = {
        "payload": _capped(request.redaction.json(request.wrapped)),
        "headers": [_clean(header.logged, request.redaction) for header in request.headers],
        "version": VERSION,
    }
    if request.alters_variables:
        masked = None if request.body is None else MASK
        logged["transformed_request"] = {"method": request.method, "url": MASK, "body": masked}
    elif request.is_transformed:
        logged["transformed_request"] = {
            "method": request.method,
            "url": request.redaction.text(request.url),
            "body": _body(request),
        }
    return logged


def unsent_request(body: Mapping[str, Any], headers: list[dict[str, str]]) -> dict[str, Any]:
    """Return the log of a request that could not be made."""
    redaction = Redaction(())
    return {
        "payload": _capped(redaction.json(body)),
        "headers": headers,
        "version": VERSION,
    }


def logged_response(
    redaction: Redaction, status: int, headers: Mapping[str, str], body: str
) -> dict[str, Any]:
    """Return the log of a response."""
    listed = [
        {
            "name": redaction.text(name),
            "value": MASK if is_sensitive(name) else redaction.text(value),
        }
        for name, value in headers.items()
    ]
    data = {"status": status, "headers": listed, "body": redaction.text(body)}
    return {"type": "webhook_response", "data": data, "version": VERSION}


def client_error(message: str) -> dict[str, Any]:
    """Return the log of an attempt without a response."""
    return {"type": "client_error", "data": {"message": message}, "version": VERSION}


def _body(request: Request) -> str | None:
    if request.body is None:
        return None
    text = request.body.decode()
    try:
        document = read_any_json(text)  # whatever was sent, its secrets are to be found
    except UnreadableJson:
        return request.redaction.text(text)
    return request.redaction.text(json.dumps(request.redaction.json(document), ensure_ascii=False))


def _clean(logged: Mapping[str, str], redaction: Redaction) -> dict[str, str]:
    if "value_from_env" in logged:
        return dict(logged)
    return {"name": logged["name"], "value": redaction.text(logged["value"])}


def _capped(value: Any) -> Any:
    """Return JSON as it is, or the beginning of its text if it is too long."""
    text = json.dumps(value, ensure_ascii=False)
    limit = conf.current().trigger_log_limit
    encoded = text.encode()
    return value if len(encoded) <= limit else encoded[:limit].decode(errors="ignore") + "…"
