"""What an attempt at a delivery sent and what came back: each channel keeps other words of it."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils.html import format_html
from django.utils.safestring import SafeString

from notifications.admin.toolkit.badges import outcome_word
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
from notifications.confidential import WITHHELD
from notifications.models import DeliveryAttempt
from notifications.rules.addresses import EMAIL
from tasks_core.admin.toolkit import Panel, badge, span, table

SHOWN = 10
BODIES = ("body", "Body", "text")
HEADERS = {"webhook_id": "webhook-id", "webhook_timestamp": "webhook-timestamp"}
LABELS = {
    "message_id": "Message-ID",
    "chat_id": "Chat",
    "ttl": "Kept for (s)",
    "segments": "SMS",
    "encoding": "Alphabet",
    "ok": "OK",
    "MessagingServiceSid": "Messaging service",
    "ValidityPeriod": "Valid for (s)",
    "StatusCallback": "Status callback",
    "sid": "SID",
}
_SMTP_FAILS = 400


def exchange_panel(attempts: Sequence[DeliveryAttempt], channel: str) -> list[Panel]:
    """Return the latest attempts of which something was kept, the last one open; no panel without any."""
    kept = [one for one in attempts if one.request or one.response][:SHOWN]
    if not kept:
        return []
    first, *others = (_titled(one, channel) for one in kept)
    body = format_html("{}", _details(*first, is_open=True))
    for title, block in others:
        body = format_html("{}{}", body, _details(title, block, is_open=False))
    return [Panel("exchange", "Requests and responses", body)]


def _titled(attempt: DeliveryAttempt, channel: str) -> tuple[SafeString, SafeString]:
    title = format_html("Attempt {} {}", attempt.number, outcome_word(attempt.outcome))
    return title, exchange_block(_request(attempt), _response(attempt, channel))


def _details(title: SafeString, block: SafeString, *, is_open: bool) -> SafeString:
    return format_html(
        '<details class="br-attempt"{}><summary>{}</summary>{}</details>',
        SafeString(" open" if is_open else ""),
        title,
        block,
    )


def _request(attempt: DeliveryAttempt) -> Half:
    kept: Mapping[str, Any] = attempt.request
    headers = [{"name": HEADERS[name], "value": kept[name]} for name in HEADERS if name in kept]
    url = kept.get("url")
    return Half(
        title="Request",
        line=request_line("POST", url) if isinstance(url, str) else "",
        facts=_facts(kept, without=("url", "providers", *HEADERS)),
        headers=header_table(headers),
        body=_body(kept),
        extra=_providers(kept.get("providers")),
    )


def _response(attempt: DeliveryAttempt, channel: str) -> Half:
    kept: Mapping[str, Any] = attempt.response
    facts = _facts(kept)
    if attempt.retry_after is not None:
        facts.append(("Asked to wait", span(attempt.retry_after)))
    if attempt.duration is not None:
        facts.append(("Took", span(attempt.duration)))
    if attempt.error:
        facts.append(("Error", attempt.error))
    return Half(title="Response", line=_status(attempt, channel), facts=facts, body=_body(kept))


def _status(attempt: DeliveryAttempt, channel: str) -> SafeString | str:
    """Return what was answered; mail servers have codes of their own."""
    code = attempt.status_code
    if code is None:
        return ""
    if channel == EMAIL:
        return badge(f"SMTP {code}", "good" if code < _SMTP_FAILS else "bad")
    return status_badge(code)


def _body(kept: Mapping[str, Any]) -> str:
    found = next((kept[name] for name in BODIES if kept.get(name)), "")
    if found == WITHHELD:
        return "Not kept: the message has secret variables."
    return body_text(found) if found else ""


def _facts(kept: Mapping[str, Any], *, without: Sequence[str] = ()) -> list[tuple[str, object]]:
    left_out = {*without, *BODIES}
    return [
        (LABELS.get(name, label(name)), plain(value))
        for name, value in kept.items()
        if name not in left_out and value not in ("", None)
    ]


def _providers(tried: Any) -> SafeString | str:
    """Return who was tried in turn."""
    if not isinstance(tried, list):
        return ""
    rows = [(one["name"], _tried(one["outcome"]), one["error"]) for one in tried]
    return table(("Provider", "Outcome", "Error"), rows, empty="")


def _tried(outcome: str) -> SafeString:
    return badge("Left out") if outcome == "left out" else outcome_word(outcome)
