"""Digests to an address: a window that is open is ended unsent, and its items go."""

from notifications.models import DigestItem
from notifications.privacy.erasure.messages import REASON
from notifications.privacy.erasure.subject import Subject
from tasks_core import clock, database

# The identity is made from the address. Whoever adds an item at this moment waits, and opens a new window.
_ERASE = """
UPDATE notifications_digest
SET address = %(tombstone)s, identity = gen_random_uuid(),
    key = CASE WHEN key ~* %(pattern)s THEN %(tombstone)s ELSE key END,
    reason = CASE WHEN state IN ('open', 'full', 'failed') THEN %(said)s ELSE '' END,
    closed_at = coalesce(closed_at, %(now)s),
    state = CASE WHEN state IN ('open', 'full', 'failed') THEN 'cancelled' ELSE state END
WHERE lower(address) = lower(%(address)s) AND (%(channel)s::text IS NULL OR channel = %(channel)s)
RETURNING id
"""


@database.in_transaction
def erase_digests(subject: Subject) -> int:
    """Erase the digests to an address; return how many."""
    with database.connection().cursor() as cursor:
        cursor.execute(
            _ERASE,
            {
                "address": subject.address,
                "channel": subject.channel,
                "tombstone": subject.tombstone,
                "pattern": subject.in_key,
                "said": REASON,
                "now": clock.now(),
            },
        )
        ids = [row[0] for row in cursor.fetchall()]
    DigestItem.objects.filter(digest__in=ids).delete()
    return len(ids)
