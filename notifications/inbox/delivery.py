"""Put messages into inboxes."""

from datetime import datetime

from notifications.channel_api.sendable import Sendable
from tasks_core import database
from tasks_core.database.bounded_locks import bounded_locks

_PUT = """
INSERT INTO notifications_inboxmessage (delivery_id, owner, title, text, category, created_at)
SELECT d.id, d.address, %(title)s, %(text)s, n.category, %(now)s
FROM notifications_delivery d JOIN notifications_notification n ON n.id = d.notification_id
WHERE d.id = %(delivery)s
ON CONFLICT (delivery_id) DO UPDATE SET delivery_id = EXCLUDED.delivery_id
RETURNING id
"""


def put(sendable: Sendable, now: datetime) -> int:
    """Store the message of a delivery, once; return its id.

    Raises:
        django.db.OperationalError: somebody has kept the delivery locked for too long (``is_lock_timeout``).
    """
    content = sendable.content
    values = {"title": content.subject, "text": content.text}
    with bounded_locks(), database.connection().cursor() as cursor:
        cursor.execute(_PUT, {**values, "delivery": sendable.delivery_id, "now": now})
        number: int = cursor.fetchone()[0]
    return number
