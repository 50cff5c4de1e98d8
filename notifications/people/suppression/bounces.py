"""Soft bounces: one is nothing, several in a row stop an address for a while."""

from datetime import datetime, timedelta

from notifications import conf
from notifications.models import SoftBounces
from notifications.people.suppression.listing import NewEntry, put
from notifications.rules.suppressions import Reason
from tasks_core import database

# A bounce before the window begins the count again.
_COUNT = """
INSERT INTO notifications_softbounces (channel, address_hash, count, first_at, last_at)
VALUES (%(channel)s, %(hash)s, 1, %(at)s, %(at)s)
ON CONFLICT (address_hash, channel) DO UPDATE
SET count = CASE WHEN notifications_softbounces.first_at < %(since)s THEN 1
                 ELSE notifications_softbounces.count + 1 END,
    first_at = CASE WHEN notifications_softbounces.first_at < %(since)s THEN EXCLUDED.first_at
                    ELSE LEAST(notifications_softbounces.first_at, EXCLUDED.first_at) END,
    last_at = GREATEST(notifications_softbounces.last_at, EXCLUDED.last_at)
RETURNING count
"""


def count_soft_bounce(channel: str, hashed: str, *, at: datetime, source: str) -> bool:
    """Count a soft bounce; True if that was the one too many, and the address is stopped."""
    settings = conf.current()
    if not settings.soft_bounce_limit:
        return False
    since = at - timedelta(days=settings.soft_bounce_window_days)
    with database.connection().cursor() as cursor:
        cursor.execute(_COUNT, {"channel": channel, "hash": hashed, "at": at, "since": since})
        count: int = cursor.fetchone()[0]
    if count < settings.soft_bounce_limit:
        return False
    days = settings.soft_bounce_suppression_days
    ends = at + timedelta(days=days) if days else None
    put(
        [
            NewEntry(
                channel=channel,
                hashed=hashed,
                reason=Reason.SOFT_BOUNCE,
                source=source,
                expires_at=ends,
            )
        ]
    )
    forget_soft_bounces(channel, hashed)
    return True


def forget_soft_bounces(channel: str, hashed: str) -> None:
    """Begin at nought: a message has arrived."""
    SoftBounces.objects.filter(channel=channel, address_hash=hashed).delete()
