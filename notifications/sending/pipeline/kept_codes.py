"""Keep the codes of notifications that may be sent again, and forget them."""

from collections.abc import Iterable, Sequence

from notifications.models import KeptCode, Notification
from notifications.removal import delete_some
from tasks_core import clock

LIMIT = 1_000


def keep(notifications: Sequence[Notification]) -> None:
    """Keep the sealed code of those that asked for resends; call it where they are stored."""
    KeptCode.objects.bulk_create(
        KeptCode(
            notification=one,
            sealed=one.secret_context,
            expires_at=one.expires_at,
            resends_left=one.resends_asked,
            last_sent_at=max(one.run_after, one.created_at),
        )
        for one in notifications
        if one.resends_asked and one.expires_at is not None
    )


def forget(notification_id: int) -> bool:
    """Wipe a kept code, because it was used or is not wanted any more; False if none was kept.

    The notification may be the first one, or one of its resends.
    """
    root = Notification.objects.filter(pk=notification_id).values_list("resend_of", flat=True)
    wanted = [notification_id, *(one for one in root if one is not None)]
    deleted, _ = KeptCode.objects.filter(notification__in=wanted).delete()
    return bool(deleted)


def forget_superseded(keys: Iterable[str]) -> None:
    """Wipe the kept codes that a newer one replaces."""
    KeptCode.objects.filter(notification__supersede_key__in=list(keys)).delete()


def forget_expired(*, limit: int = LIMIT) -> int:
    """Wipe one batch of expired codes; give how many. Call it again while it is not 0."""
    return delete_some(KeptCode.objects.filter(expires_at__lte=clock.now()), limit)
