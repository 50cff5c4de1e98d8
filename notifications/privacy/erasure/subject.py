"""Whom an erasure is about: an address, how it is found in texts, and what takes its place."""

import json
import re
from dataclasses import dataclass, field

from notifications.exceptions import InvalidNotification
from notifications.keys import keyring
from notifications.rules.addresses import TOMBSTONE, e164
from tasks_core.engine.single_line import is_single_line

SHORTEST = 5
_KEY = "tombstones"

# Within a longer address or name it is somebody else.
_BEFORE, _AFTER = r"(?<![[:alnum:]._%+-])", r"(?![[:alnum:]_%+-]|\.[[:alnum:]])"


@dataclass(frozen=True)
class Subject:
    """An address that is to be erased. It stays out of ``repr``."""

    address: str = field(repr=False)
    channel: str | None = None
    """The only channel whose messages are erased; None for all."""

    @property
    def tells_itself(self) -> bool:
        """Whether it is an address wherever it stands. The owner of an inbox, such as 17, is not."""
        return _tells_itself(self.address)

    @property
    def tombstone(self) -> str:
        """What takes its place: the same for the same address, and keyed, so that it tells nobody."""
        return TOMBSTONE + keyring.digest(_KEY, self.address.lower())[:32]

    @property
    def in_text(self) -> str:
        """The pattern (of PostgreSQL, without regard to case) that finds it in a text."""
        return _BEFORE + _escaped(self.address) + _AFTER

    @property
    def in_key(self) -> str:
        """The same for a key, which may begin with words of its own, as ``welcome-ada@example.com``."""
        return _escaped(self.address) + _AFTER

    @property
    def in_json(self) -> str:
        """The same for the text of a JSON document."""
        return _BEFORE + _escaped(json.dumps(self.address, ensure_ascii=False)[1:-1]) + _AFTER


def subject_of(address: str, channel: str | None = None) -> Subject:
    """Check an address.

    Raises:
        InvalidNotification: it is none; nothing was done. What was given is never quoted.
    """
    address = address.strip()
    if address.startswith(TOMBSTONE):
        raise InvalidNotification("address", "is what took the place of an address erased before")
    if not address or not is_single_line(address):
        raise InvalidNotification("address", "give the whole address, such as ada@example.com")
    if not _tells_itself(address) and channel is None:
        raise InvalidNotification(
            "address",
            "is no mail address, phone number or URL; give the whole of it, or the channel whose "
            "addresses look like this",
        )
    return Subject(e164(address) or address if address.startswith("+") else address, channel)


def _tells_itself(address: str) -> bool:
    is_marked = "@" in address or "://" in address or bool(e164(address))
    return is_marked and len(address) >= SHORTEST


def _escaped(text: str) -> str:
    return re.sub(r"([^\w\s@])", r"\\\1", text)
