"""Putting addresses on the suppression list and taking them off."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from notifications import conf
from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import InvalidSuppression
from notifications.keys.address_hash import address_hash
from notifications.mail_address import problem_of_any
from notifications.models import Suppression
from notifications.rules.addresses import EMAIL, SMS, bare, e164, holds_several, normal_form
from notifications.rules.suppressions import Reason
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments
from tasks_core.engine.instants import InvalidInstant, checked_instant
from tasks_core.engine.single_line import is_single_line

LONGEST_ADDRESS, LONGEST_SOURCE = 2048, 50

_CATEGORY = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")

# An entry that holds longer wins; for ever is longest.
_PUT = """
INSERT INTO notifications_suppression
    (channel, address_hash, address, category, reason, source, created_at, expires_at)
SELECT r.channel, r.address_hash, r.address, r.category, r.reason, r.source, %(now)s, r.expires_at
FROM unnest(%(channels)s::text[], %(hashes)s::text[], %(addresses)s::text[], %(categories)s::text[],
            %(reasons)s::text[], %(sources)s::text[], %(expiries)s::timestamptz[])
     AS r(channel, address_hash, address, category, reason, source, expires_at)
ORDER BY r.address_hash
ON CONFLICT (address_hash, channel, category, reason) DO UPDATE
SET expires_at = CASE WHEN EXCLUDED.expires_at IS NULL THEN NULL
                      ELSE GREATEST(EXCLUDED.expires_at, notifications_suppression.expires_at) END,
    source = EXCLUDED.source,
    address = CASE WHEN EXCLUDED.address = '' THEN notifications_suppression.address
                   ELSE EXCLUDED.address END
WHERE notifications_suppression.expires_at IS NOT NULL
"""


@dataclass(frozen=True, kw_only=True)
class NewEntry:
    """What is to be put on the list. ``address`` may be empty if its hash is known."""

    channel: str
    address: str = ""
    hashed: str = ""
    category: str = ""
    reason: Reason = Reason.MANUAL
    source: str
    expires_at: datetime | None = None


@storable_arguments(InvalidSuppression)
def suppress(
    channel: str,
    address: str,
    *,
    reason: Reason | str = Reason.MANUAL,
    source: str = "code",
    category: str = "",
    expires_at: datetime | None = None,
) -> None:
    """Send nothing to an address any more. An entry that holds longer stays as it is.

    Args:
        channel: such as ``email`` or ``sms``.
        address: in any spelling; its normal form counts.
        reason: ``hard_bounce``, ``soft_bounce``, ``complaint``, ``unsubscribe`` or ``manual``. The wishes,
            complaint and unsubscribe, do not stop critical messages.
        source: who says so, for people.
        category: key of the category that it holds for, and those below it; empty for all.
        expires_at: aware datetime at which it ends; None for ever.

    Raises:
        InvalidSuppression: names the argument.
    """
    entry = NewEntry(
        channel=channel,
        address=address,
        category=category,
        reason=_reason(reason),
        source=source,
        expires_at=expires_at,
    )
    put([checked(entry)])


@storable_arguments(InvalidSuppression)
def unsuppress(
    channel: str, address: str, *, reason: Reason | str | None = None, category: str | None = None
) -> int:
    """Take an address off the list; return how many entries that were.

    Args:
        channel: such as ``email``.
        address: in any spelling.
        reason: only entries for this reason; None for all.
        category: only entries for this category, empty for those that hold for all; None for any.

    Raises:
        InvalidSuppression: names the argument.
    """
    channel = channel.strip().casefold()
    found = Suppression.objects.filter(channel=channel, address_hash=address_hash(channel, address))
    if reason is not None:
        found = found.filter(reason=_reason(reason))
    if category is not None:
        found = found.filter(category=category.strip().lower())
    return found.delete()[0]


@storable_arguments(InvalidSuppression)
def suppressions_of(channel: str, address: str) -> list[Suppression]:
    """Return the entries that hold for an address now."""
    found, channel = Suppression.objects.holding(clock.now()), channel.strip().casefold()
    return list(found.filter(channel=channel, address_hash=address_hash(channel, address)))


def checked(entry: NewEntry) -> NewEntry:
    """Check an entry, and return it as it is stored.

    Raises:
        InvalidSuppression: names the field; never quotes the address.
    """
    if not 0 < len(entry.source) <= LONGEST_SOURCE:
        raise InvalidSuppression("source", f"must have 1 to {LONGEST_SOURCE} characters")
    channel, category = known_channel(entry.channel), entry.category.strip().lower()
    if category and not _CATEGORY.fullmatch(category):
        raise InvalidSuppression(
            "category", "is no key of one; use up to 64 letters, digits, dots, dashes, underscores"
        )
    address = bare(channel, entry.address)
    entry = replace(entry, channel=channel, category=category, address=address)
    problem = _problem(entry.channel, entry.address)
    if problem and not entry.hashed:
        raise InvalidSuppression("address", problem)
    if entry.expires_at is None:
        return entry
    try:
        return replace(entry, expires_at=checked_instant(entry.expires_at))
    except InvalidInstant as problem:
        raise InvalidSuppression("expires_at", str(problem)) from None


def known_channel(name: str) -> str:
    """Return the name of a channel as it is stored, however it is written.

    Raises:
        InvalidSuppression: there is none; lists those that there are.
    """
    known = sorted({*CHANNELS, SMS})
    channel = name.strip().casefold()
    if channel not in known:
        raise InvalidSuppression("channel", f"there is none of this name; use {', '.join(known)}")
    return channel


def put(entries: Iterable[NewEntry]) -> int:
    """Store checked entries with one statement; return how many were new or were made longer."""
    rows = list(_distinct(entries).items())
    if not rows:
        return 0
    keep = conf.current().suppression_keep_addresses
    values = [entry for _, entry in rows]
    with database.connection().cursor() as cursor:
        cursor.execute(
            _PUT,
            {
                "now": clock.now(),
                "channels": [entry.channel for entry in values],
                "hashes": [hashed for (hashed, *_), _ in rows],
                "addresses": [_kept(entry) if keep else "" for entry in values],
                "categories": [entry.category for entry in values],
                "reasons": [str(entry.reason) for entry in values],
                "sources": [entry.source for entry in values],
                "expiries": [entry.expires_at for entry in values],
            },
        )
        stored: int = cursor.rowcount
    return stored


def _distinct(entries: Iterable[NewEntry]) -> dict[tuple[str, str, str, str], NewEntry]:
    """Keep one entry for each key: the statement cannot change a row twice."""
    found: dict[tuple[str, str, str, str], NewEntry] = {}
    for entry in entries:
        hashed = entry.hashed or address_hash(entry.channel, entry.address)
        key = (hashed, entry.channel, entry.category, str(entry.reason))
        other = found.get(key)
        if other is None or _lasts_longer(entry, other):
            found[key] = entry
    return found


def _lasts_longer(entry: NewEntry, other: NewEntry) -> bool:
    if other.expires_at is None:
        return False
    return entry.expires_at is None or entry.expires_at > other.expires_at


def _kept(entry: NewEntry) -> str:
    """The address as it is kept for people; the hash counts, so one that cannot be shown is left out."""
    kept = normal_form(entry.channel, entry.address) if entry.address else ""
    return kept if len(kept) <= LONGEST_ADDRESS else ""


def _problem(channel: str, address: str) -> str:
    if not address.strip():
        return "is empty"
    if len(address) > LONGEST_ADDRESS or not is_single_line(address):
        return "is too long, or contains a control character"
    if channel == EMAIL and holds_several(address):
        return "holds more than one mail address; give one, such as ada@example.com"
    if channel == EMAIL and (problem := problem_of_any(address)):
        return problem
    if channel == SMS and not e164(address):
        return "is no phone number; give one with its country, such as +4915112345678"
    return ""


def _reason(reason: Reason | str) -> Reason:
    try:
        return Reason(reason)
    except ValueError:
        listed: Sequence[str] = [one.value for one in Reason]
        raise InvalidSuppression("reason", f"must be one of {', '.join(listed)}") from None
