"""What a trigger calls, checked at the door: the same for cron triggers and one-off events."""

import json
from dataclasses import dataclass, field
from typing import Any

from notifications import conf
from notifications.exceptions import InvalidTrigger
from notifications.models.webhook_call import WebhookCall
from notifications.triggers.bindings import check_bound
from notifications.triggers.environment import NotBound, NotSet
from notifications.triggers.headers import Stored, store_headers, variables_of
from notifications.triggers.receiver import has_open_host, receiver_of, receiver_of_row
from notifications.triggers.retry_conf import RetryConf, parse_retry_conf
from notifications.triggers.transforms.request import parse_request_transform
from notifications.triggers.transforms.response import parse_response_transform
from notifications.triggers.webhook import check_webhook, resolve, variables_in
from tasks_core.engine.json_text import byte_size, check_depth, json_text

MAX_COMMENT = 2_000


@dataclass(frozen=True, kw_only=True)
class Definition:
    """A webhook call. Payload and headers stay out of ``repr``: they may hold what is private."""

    webhook: str
    payload: Any = field(repr=False)
    headers: Stored = field(repr=False)
    retry_conf: RetryConf
    request_transform: dict[str, Any] | None
    response_transform: dict[str, Any] | None
    comment: str

    @classmethod
    def of(cls, row: WebhookCall) -> "Definition":
        """Return what a row holds, which was checked when it was written."""
        return cls(
            webhook=row.webhook,
            payload=row.payload,
            headers=row.headers,
            retry_conf=parse_retry_conf(row.retry_conf),
            request_transform=row.request_transform,
            response_transform=row.response_transform,
            comment=row.comment,
        )

    def columns(self) -> dict[str, Any]:
        """Return the values of the columns of ``WebhookCall``."""
        return {
            "webhook": self.webhook,
            "payload": self.payload,
            "headers": self.headers,
            "retry_conf": self.retry_conf.to_json(),
            "request_transform": self.request_transform,
            "response_transform": self.response_transform,
            "comment": self.comment,
        }


def define(
    *,
    webhook: str,
    payload: Any = None,
    headers: Any = (),
    retry_conf: Any = None,
    request_transform: Any = None,
    response_transform: Any = None,
    comment: str = "",
    before: WebhookCall | None = None,
) -> Definition:
    """Check every part of a call.

    When the stored call ``before`` is edited, a masked header keeps its value, unless the call goes to
    somebody else now.

    Raises:
        InvalidTrigger: names the part, and what would be right; never quotes a value.
    """
    if len(comment) > MAX_COMMENT:
        raise InvalidTrigger("comment", f"must be a text of at most {MAX_COMMENT} characters")
    if request_transform is not None:
        parse_request_transform(request_transform)
    if response_transform is not None:
        parse_response_transform(response_transform)
    checked = check_webhook(webhook)
    receiver = receiver_of(
        webhook=checked, request_transform=request_transform, payload=payload, comment=comment
    )
    has_moved = before is not None and receiver_of_row(before) != receiver
    stored = store_headers(
        headers or (), before=before.headers if before else None, has_moved=has_moved
    )
    if not isinstance(request_transform, dict) or "url" not in request_transform:
        _check_bound(checked, stored)
    return Definition(
        webhook=checked,
        payload=_plain("payload", payload),
        headers=stored,
        retry_conf=parse_retry_conf(retry_conf),
        request_transform=_plain("request_transform", request_transform),
        response_transform=_plain("response_transform", response_transform),
        comment=comment,
    )


def _check_bound(address: str, headers: Stored) -> None:
    """Say at once what the first delivery would say, as far as this process knows the variables."""
    try:
        url, _ = resolve(address)
    except NotSet:
        return
    for field_name, names in (
        ("webhook", variables_in(address)),
        ("headers", variables_of(headers)),
    ):
        try:
            check_bound(names, url, shows_host=has_open_host(address, None))
        except NotBound as error:
            raise InvalidTrigger(field_name, str(error)) from None


def _plain(where: str, value: Any) -> Any:
    """Return a copy of plain JSON."""
    try:
        text = json_text(value)
        check_depth(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidTrigger(where, f"cannot be stored as JSON: {error}") from None
    limit = conf.current().context_limit
    if byte_size(text) > limit:
        raise InvalidTrigger(where, f"takes {byte_size(text)} bytes; the limit is {limit}")
    return json.loads(text)
