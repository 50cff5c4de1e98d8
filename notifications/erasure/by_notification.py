"""Erase the receiver of a notification: for those who must not write the address down once more."""

from notifications.erasure.erase import erase
from notifications.erasure.subject import TOMBSTONE, subject_of
from notifications.models import Notification


def erase_receiver(notification_id: int, actor: str) -> dict[str, int]:
    """Erase the address of a notification everywhere; nothing if it has been, or the row is gone."""
    rows = Notification.objects.filter(pk=notification_id)
    found = rows.values_list("channel", "address").first()
    if found is None or found[1].startswith(TOMBSTONE):
        return {}
    channel, address = found
    only = None if subject_of(address, channel).tells_itself else channel
    return erase(address=address, channel=only, actor=actor, last=notification_id)
