"""Storing what recipients want."""

from collections.abc import Mapping

from django.db import transaction

from notifications.exceptions import InvalidRecipient
from notifications.models import Preference, Recipient
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments


@storable_arguments(InvalidRecipient)
def set_preference(
    recipient: Recipient,
    enabled: bool | None,
    *,
    category: str = "",
    channel: str = "",
    source: str = "",
) -> None:
    """Store what a recipient wants; the most specific setting decides when a message is sent.

    Args:
        recipient: whose wish it is.
        enabled: on, off, or None to forget what was said.
        category: key of a category; empty for any.
        channel: such as ``email``; empty for any.
        source: who said so, for people; at most 50 characters.

    Raises:
        InvalidRecipient: names the argument.
    """
    set_preferences(recipient, {(category, channel): enabled}, source=source)


def set_preferences(
    recipient: Recipient, wishes: Mapping[tuple[str, str], bool | None], *, source: str = ""
) -> None:
    """Store several settings at once, by category and channel."""
    for category, channel in wishes:
        _check(category, channel)
    now = clock.now()
    rows = [
        Preference(
            recipient=recipient,
            category=category,
            channel=channel,
            enabled=enabled,
            source=source[:50],
            updated_at=now,
        )
        for (category, channel), enabled in wishes.items()
        if enabled is not None
    ]
    forgotten = [key for key, enabled in wishes.items() if enabled is None]
    with transaction.atomic(using=database.alias()):
        Preference.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=["recipient", "category", "channel"],
            update_fields=["enabled", "source", "updated_at"],
        )
        for category, channel in forgotten:
            recipient.preferences.filter(category=category, channel=channel).delete()


def _check(category: str, channel: str) -> None:
    if len(category) > 64:
        raise InvalidRecipient("category", f"has {len(category)} characters; the limit is 64")
    if len(channel) > 20:
        raise InvalidRecipient("channel", f"has {len(channel)} characters; the limit is 20")
