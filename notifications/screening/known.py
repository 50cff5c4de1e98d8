"""What the answers for a batch of messages depend on, loaded with one statement for each kind."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from notifications.address_hash import address_hash
from notifications.models import Preference, Suppression
from notifications.rules.preferences import Setting
from notifications.rules.suppressions import Entry
from notifications.screening.subject import Subject
from notifications.screening.tree import Tree, tree_for

Place = tuple[str, str]
"""A channel and the hash of an address."""


@dataclass(frozen=True)
class Known:
    """The tree of categories, what recipients said, and the entries of the suppression list."""

    tree: Tree
    settings: dict[int, list[Setting]]
    entries: dict[Place, list[Entry]]

    def settings_of(self, subject: Subject) -> list[Setting]:
        """Return what the recipient said."""
        return self.settings.get(subject.recipient_id or 0, [])

    def entries_of(self, subject: Subject) -> list[Entry]:
        """Return the entries that hold for the address."""
        return self.entries.get(place_of(subject), []) if self.entries else []


def known_about(subjects: Collection[Subject], now: datetime) -> Known:
    """Load all that is known about these messages."""
    return Known(
        tree_for({subject.category for subject in subjects}),
        _settings({subject.recipient_id for subject in subjects if subject.recipient_id}),
        _entries({place_of(subject) for subject in subjects}, now),
    )


def place_of(subject: Subject) -> Place:
    """Return what the suppression list knows the address by."""
    return subject.channel, address_hash(subject.channel, subject.address)


def _settings(recipients: Collection[int]) -> dict[int, list[Setting]]:
    found: dict[int, list[Setting]] = defaultdict(list)
    if recipients:
        rows = Preference.objects.filter(recipient__in=recipients)
        for row in rows:
            found[row.recipient_id].append(Setting(row.category, row.channel, row.enabled))
    return found


def _entries(places: Collection[Place], now: datetime) -> dict[Place, list[Entry]]:
    found: dict[Place, list[Entry]] = defaultdict(list)
    rows = Suppression.objects.holding(now).filter(address_hash__in={place[1] for place in places})
    for channel, hashed, *entry in rows.values_list(
        "channel", "address_hash", "category", "reason"
    ):
        found[channel, hashed].append(Entry(*entry))
    return found
