"""What a digest tells of messages that are not sent by themselves."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from notifications import conf
from notifications.exceptions import RenderingFailed
from notifications.message_templates.compiled import compiled_version
from notifications.models import Notification

AROUND = 100
"""Bytes that the list of items and their number take."""


@dataclass(frozen=True)
class Item:
    """One message, as the template of the digest gets it."""

    notification_id: int
    created_at: datetime
    expires_at: datetime | None
    content: dict[str, Any]


def items_of(notifications: Sequence[Notification]) -> list[Item]:
    """Write the messages; those that cannot be written, or find no room, are left out."""
    room = conf.current().context_limit - AROUND
    found = []
    for notification in notifications:
        item = _item(notification)
        if item is None:
            continue
        size = len(json.dumps(item.content, ensure_ascii=False).encode()) + 2
        if size <= room:
            room -= size
            found.append(item)
    return found


def _item(notification: Notification) -> Item | None:
    version = notification.template_version
    try:
        message = compiled_version(version.pk).render(notification.context)
    except RenderingFailed:
        return None
    content = {
        "template": version.template.name,
        "subject": message.subject,
        "text": message.text,
        "context": notification.context,
    }
    return Item(notification.pk, notification.created_at, notification.expires_at, content)
