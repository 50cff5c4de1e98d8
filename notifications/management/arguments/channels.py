"""Channels in options that choose among rows."""

from typing import Any

from django.db.models import QuerySet

from notifications.channel_api.registry import CHANNELS
from tasks_core.management.known_names import check_name


def check_channel(name: str | None, rows: QuerySet[Any]) -> None:
    """Refuse a channel that there is not, unless some of ``rows`` have it from earlier days.

    Raises:
        CommandError: names it, and those that there are.
    """
    if name:
        check_name(name, CHANNELS, rows.filter(channel=name), what="channel")
