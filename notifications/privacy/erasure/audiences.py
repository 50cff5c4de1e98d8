"""Those whom a broadcast has still to reach: who is erased is rejected, and counted as such."""

from django.db.models import F

from notifications.models import Broadcast
from notifications.privacy.erasure.messages import REASON
from notifications.privacy.erasure.subject import Subject
from tasks_core import database

_HOLDING = """
SELECT DISTINCT r.broadcast_id
FROM notifications_broadcastreceiver r JOIN notifications_broadcast b ON b.id = r.broadcast_id
WHERE lower(r.address) = lower(%(address)s) AND (%(channel)s::text IS NULL OR b.channel = %(channel)s)
ORDER BY 1
"""

# The identity is a keyed hash of the address, so it goes as well; the new one is nobody's.
_ERASE = """
WITH found AS (
    SELECT id, problem = '' AS is_waiting FROM notifications_broadcastreceiver
    WHERE broadcast_id = %(broadcast)s AND lower(address) = lower(%(address)s)
), erased AS (
    UPDATE notifications_broadcastreceiver r
    SET address = %(tombstone)s, identity = gen_random_uuid(), recipient_id = NULL, context = '{}',
        problem = %(said)s
    FROM found WHERE r.id = found.id
    RETURNING found.is_waiting
)
SELECT count(*), count(*) FILTER (WHERE is_waiting) FROM erased
"""


def erase_receivers(subject: Subject) -> int:
    """Erase an address from the audiences of all broadcasts; return the number of receivers."""
    with database.connection().cursor() as cursor:
        cursor.execute(_HOLDING, {"address": subject.address, "channel": subject.channel})
        broadcasts = [row[0] for row in cursor.fetchall()]
    return sum(_erase(broadcast_id, subject) for broadcast_id in broadcasts)


@database.in_transaction
def _erase(broadcast_id: int, subject: Subject) -> int:
    # The lock of handing over: a receiver is either still here, or a notification already.
    broadcast = Broadcast.objects.filter(pk=broadcast_id)
    broadcast.select_for_update(no_key=True).get()
    parameters: dict[str, str | int] = {
        "broadcast": broadcast_id,
        "address": subject.address,
        "tombstone": subject.tombstone,
        "said": REASON,
    }
    with database.connection().cursor() as cursor:
        cursor.execute(_ERASE, parameters)
        erased, waiting = cursor.fetchone()
    broadcast.update(rejected=F("rejected") + waiting)
    return int(erased)
