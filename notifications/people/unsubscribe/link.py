"""Which messages get an unsubscribe link, and which."""

from typing import Protocol

from notifications import conf
from notifications.keys.address_hash import address_hash
from notifications.people.recipients.category_tree import Tree
from notifications.people.unsubscribe.token import Subscription, encode
from notifications.rules.addresses import EMAIL


class Addressed(Protocol):
    """A message and whoever gets it."""

    @property
    def channel(self) -> str:
        """The way it takes."""
        ...

    @property
    def address(self) -> str:
        """Where it goes."""
        ...

    @property
    def category(self) -> str:
        """Key of its category, or nothing."""
        ...

    @property
    def critical(self) -> bool:
        """Whether the caller says that it cannot be switched off."""
        ...

    @property
    def recipient_id(self) -> int | None:
        """Who gets it, if that is known."""
        ...


def unsubscribe_url(message: Addressed, tree: Tree) -> str:
    """Return the link for a message, or nothing: only mail has one, and what is critical has none."""
    base = conf.current().public_url.rstrip("/")
    if not base or message.channel != EMAIL:
        return ""
    if message.critical or tree.is_critical(message.category):
        return ""
    hashed = "" if message.recipient_id else address_hash(message.channel, message.address)
    subscription = Subscription(
        recipient_id=message.recipient_id,
        address_hash=hashed,
        channel=message.channel,
        category=message.category,
    )
    return f"{base}/u/{encode(subscription)}"
