"""Entries of the suppression list as commands show them, and the arguments that name them."""

from argparse import ArgumentParser
from typing import Any

from notifications.models import Suppression

COLUMNS = ("id", "channel", "address", "category", "reason", "source", "expires_at")


def describe_suppression(entry: Suppression) -> dict[str, Any]:
    """Return an entry; its hash stands for the address unless that is kept."""
    return {
        "id": entry.pk,
        "channel": entry.channel,
        "address": entry.address or f"hash {entry.address_hash}",
        "category": entry.category,
        "reason": entry.reason,
        "source": entry.source,
        "created_at": entry.created_at,
        "expires_at": entry.expires_at,
    }


def add_address_arguments(parser: ArgumentParser) -> None:
    """Add the address and its channel."""
    parser.add_argument("address", help="Mail address or phone number, in any spelling.")
    parser.add_argument(
        "--channel", default="email", metavar="NAME", help="Such as email or sms. Default: email."
    )
