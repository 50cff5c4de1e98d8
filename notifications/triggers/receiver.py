"""Where a trigger's call goes, as far as its definition says: secrets that are kept stay with that."""

import json
import re
from typing import Any

from notifications.models.webhook_call import WebhookCall

Receiver = tuple[Any, ...]

_VARIABLE = re.compile(r"\{\{\s*([^{}\s]*)\s*\}\}")
_BASE_AS_IT_IS = re.compile(r"\{\{\s*base_url\s*\}\}")
_BASE = re.compile(r"\s*\{\{\s*base_url\s*\}\}(?=[/?#]|\s*$)")
_LITERAL = re.compile(r"\s*(https?://[^/?#{}%\s\\]+)(?=[/?#]|\s*$)", re.IGNORECASE)


def receiver_of(
    *, webhook: str, request_transform: Any = None, payload: Any = None, comment: str = ""
) -> Receiver:
    """Return what decides who gets a call; equal for two definitions only if the same one gets both.

    A transform may compute the URL from the payload: then that decides too.
    """
    url = request_transform.get("url") if isinstance(request_transform, dict) else None
    if not isinstance(url, str) or _BASE.match(url):
        return ("origin", origin_text(webhook))
    if literal := _LITERAL.match(url):
        return ("origin", literal[1])
    return ("computed", webhook, url, payload, comment)


def receiver_of_row(row: WebhookCall) -> Receiver:
    """Return it for a definition that is stored."""
    return receiver_of(
        webhook=row.webhook,
        request_transform=row.request_transform,
        payload=row.payload,
        comment=row.comment,
    )


def has_open_host(webhook: str, request_transform: Any) -> bool:
    """Return whether no variable has a part in who gets a call, so that errors may name the host."""
    _, text, *_ = receiver_of(webhook=webhook, request_transform=request_transform)
    return "{" not in text


def alters_variables(webhook: str, request_transform: Any) -> bool:
    """Return whether a transform may write what a variable holds in a form that nobody knows again.

    Cut by ``truncate``, for example, it is all but its last letter: no log may show what came of that.
    """
    if "{" not in webhook or request_transform is None:
        return False
    return "base_url" in _BASE_AS_IT_IS.sub("", json.dumps(request_transform))


def origin_text(webhook: str) -> str:
    """Return scheme, host and port as they are written; variables in them stay variables."""
    text = _VARIABLE.sub(lambda found: f"{{{{{found[1]}}}}}", webhook.strip())
    scheme, mark, rest = text.partition("://")
    if not mark or "/" in scheme:  # a variable holds the beginning of the address
        return re.split(r"[/?#]", text, maxsplit=1)[0]
    return f"{scheme}://{re.split(r'[/?#]', rest, maxsplit=1)[0]}"
