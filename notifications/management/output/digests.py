"""Digests as commands show them."""

from typing import Any

from notifications.models import Digest

DIGEST_COLUMNS = ("id", "state", "template", "key", "channel", "items", "closes_at", "reason")


def describe_digest(digest: Digest) -> dict[str, Any]:
    """Return what is known of a digest; neither its receiver nor its items."""
    return {
        "id": digest.pk,
        "state": digest.state,
        "reason": digest.reason,
        "template": digest.template,
        "key": digest.key,
        "channel": digest.channel,
        "locale": digest.locale,
        "category": digest.category,
        "items": digest.items_count,
        "notification": digest.notification_id,
        "opened_at": digest.opened_at,
        "closes_at": digest.closes_at,
        "closed_at": digest.closed_at,
    }
