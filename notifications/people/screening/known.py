"""What the answers for a batch of messages depend on, loaded with one statement for each kind."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from notifications.keys.address_hash import address_hash
from notifications.people.recipients.category_tree import Tree, tree_for
from notifications.people.screening.subject import Subject
from notifications.rules.preferences import Setting
from notifications.rules.suppressions import Entry
from tasks_core.database import fetch_often

_PREFERENCES = """
SELECT recipient_id, category, channel, enabled FROM notifications_preference
WHERE recipient_id = ANY(%(recipients)s::bigint[])
"""

_SUPPRESSIONS = """
SELECT channel, address_hash, category, reason FROM notifications_suppression
WHERE address_hash = ANY(%(hashes)s::text[]) AND (expires_at IS NULL OR expires_at > %(now)s)
"""

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
        rows = fetch_often(_PREFERENCES, {"recipients": list(recipients)})
        for recipient_id, *setting in rows:
            found[recipient_id].append(Setting(*setting))
    return found


def _entries(places: Collection[Place], now: datetime) -> dict[Place, list[Entry]]:
    found: dict[Place, list[Entry]] = defaultdict(list)
    hashes = {hashed for _, hashed in places}
    rows = fetch_often(_SUPPRESSIONS, {"hashes": list(hashes), "now": now}) if hashes else []
    for channel, hashed, *entry in rows:
        found[channel, hashed].append(Entry(*entry))
    return found
