"""Deliveries to report about, and signed reports."""

import json
from datetime import UTC, datetime
from typing import Any

from django.test import Client
from standardwebhooks.webhooks import Webhook

from notifications.api import notify, register_event_source
from notifications.models import Delivery, EventSource
from tasks_core.testing import run_due

SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}


def sent(provider_message_id: str = "", **options: Any) -> Delivery:
    """Send a receipt and return its delivery."""
    notification = notify("receipt", **{"to": "ada@example.com", "context": GOOD, **options})
    run_due()
    if provider_message_id:
        notification.deliveries.update(provider_message_id=provider_message_id)
    return notification.deliveries.get()


def document(kind: str, **data: Any) -> bytes:
    return json.dumps({"type": kind, "data": data}).encode()


def post(
    client: Client,
    body: bytes,
    *,
    event_id: str = "evt_1",
    source: str = "acme",
    secret: str = SECRET,
    at: datetime | None = None,
    **headers: str,
) -> Any:
    """Post a report, signed by the reference implementation."""
    at = at or datetime.now(UTC)
    signed = {
        "webhook-id": event_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Webhook(secret).sign(event_id, at, body.decode()),
        **headers,
    }
    return client.post(
        f"/notifications/events/{source}", body, content_type="application/json", headers=signed
    )


def registered(source: str = "acme", channel: str = "email") -> EventSource:
    return register_event_source(source, channel=channel, secret=SECRET)
