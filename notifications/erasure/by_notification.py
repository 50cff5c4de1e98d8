"""Erase the receiver of a notification: for those who must not write the address down once more."""

from notifications.erasure.erase import erase
from notifications.erasure.subject import TOMBSTONE
from notifications.models import Notification


def erase_receiver(notification_id: int, actor: str) -> dict[str, int]:
    """Erase the address of a notification everywhere; nothing if it has been, or the row is gone."""
    found = (
        Notification.objects.filter(pk=notification_id).values_list("address", flat=True).first()
    )
    if found is None or found.startswith(TOMBSTONE):
        return {}
    return erase(address=found, actor=actor, last=notification_id)
