"""Which entries of the suppression list stop a message."""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple


class Reason(StrEnum):
    """Why an address is on the list."""

    HARD_BOUNCE = "hard_bounce"
    SOFT_BOUNCE = "soft_bounce"
    COMPLAINT = "complaint"
    UNSUBSCRIBE = "unsubscribe"
    MANUAL = "manual"


WISHES = frozenset({Reason.COMPLAINT, Reason.UNSUBSCRIBE})
"""What a person does not want. What does not work, and what an operator forbids, is another matter."""


class Entry(NamedTuple):
    """One entry that holds now; an empty category means all of them."""

    category: str
    reason: str


def stopping(entries: Iterable[Entry], *, path: Sequence[str], is_critical: bool) -> Entry | None:
    """Return the entry that stops a message to the entries' address, or None.

    A critical message, such as a one-time code, is not stopped by wishes: who unsubscribed from offers
    must still be able to log in.
    """
    applying = [
        entry
        for entry in entries
        if (not entry.category or entry.category in path)
        and not (is_critical and entry.reason in WISHES)
    ]
    return min(applying, key=_severity, default=None)


def _severity(entry: Entry) -> int:
    return [*Reason].index(Reason(entry.reason))
