"""What a call of a scheduled trigger sent and what came back, and what a one-off event is to call."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifications.admin.toolkit.exchange import (
    Half,
    body_text,
    exchange_block,
    header_table,
    label,
    plain,
    request_line,
    status_badge,
)
from notifications.models import TriggerEvent, TriggerInvocation
from notifications.triggers.listing import shown_call
from tasks_core.admin.toolkit import Panel, span

METHOD = "POST"
"""What triggers use, unless their transform says otherwise; the log then has it."""
RULES = {
    "num_retries": "Retries",
    "retry_interval_seconds": "Interval",
    "timeout_seconds": "Time limit",
    "tolerance_seconds": "Late at most",
    "max_interval_seconds": "Longest interval",
}


def last_call_panel(calls: Sequence[TriggerInvocation], webhook: str) -> list[Panel]:
    """Return the last call, as far as it was kept; ``webhook`` is where it goes without a transform."""
    if not calls:
        return []
    last = calls[0]
    return [
        Panel(
            "exchange",
            "Last request and response",
            exchange_block(_request(last.request, webhook), _response(last)),
        )
    ]


def planned_call_panel(row: TriggerEvent) -> Panel:
    """Return what a one-off event calls, its sensitive headers masked."""
    call = shown_call(row)
    planned = Half(
        title="",
        line=request_line(METHOD, call["webhook"]),
        facts=[
            *(_rule(name, value) for name, value in call["retry_conf"].items()),
            *_transforms(call),
        ],
        headers=header_table(call["headers"]),
        body=body_text(call["payload"]),
    )
    return Panel("call", "Call", exchange_block(planned))


def _request(kept: Mapping[str, Any], webhook: str) -> Half:
    transformed = kept.get("transformed_request")
    headers = header_table(kept.get("headers", ()))
    if not transformed:
        line = request_line(METHOD, webhook) if webhook else ""
        body = body_text(kept["payload"]) if "payload" in kept else ""
        return Half(title="Request", line=line, headers=headers, body=body)
    return Half(
        title="Request",
        line=request_line(transformed["method"], transformed["url"]),
        headers=headers,
        extra=_before_transform(kept),
        body="" if transformed["body"] is None else body_text(transformed["body"]),
    )


def _before_transform(kept: Mapping[str, Any]) -> SafeString:
    return format_html(
        '<details class="br-attempt"><summary>Before the transform</summary>'
        '<pre class="br-block">{}</pre></details>',
        body_text(kept.get("payload")),
    )


def _response(call: TriggerInvocation) -> Half:
    data: Mapping[str, Any] = call.response.get("data", {})
    facts: list[tuple[str, object]] = []
    if call.duration is not None:
        facts.append(("Took", span(call.duration)))
    if "message" in data:
        facts.append(("Problem", data["message"]))
    return Half(
        title="Response",
        line=status_badge(data["status"]) if "status" in data else "",
        facts=facts,
        headers=header_table(data.get("headers", ())),
        body=body_text(data["body"]) if data.get("body") else "",
    )


def _rule(name: str, value: Any) -> tuple[str, object]:
    """Return one line about when it is tried again; spans of time for people."""
    shown = span(value) if name.endswith("_seconds") else plain(value)
    return RULES.get(name, label(name)), shown


def _transforms(call: Mapping[str, Any]) -> list[tuple[str, object]]:
    names = ("request_transform", "response_transform")
    return [(label(name), plain(call[name])) for name in names if call[name]]
