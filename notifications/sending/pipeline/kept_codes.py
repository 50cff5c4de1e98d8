"""Keep the codes of notifications that may be sent again, and forget them."""

from collections.abc import Iterable, Sequence

from notifications.message import Validated
from notifications.models import KeptCode, Notification
from notifications.removal import delete_some
from tasks_core import clock

LIMIT = 1_000


def keep(validated: Sequence[Validated]) -> None:
    """Keep the sealed code of those that asked for resends; call it where they are stored."""
    KeptCode.objects.bulk_create(
        KeptCode(
            notification=one.row,
            sealed=one.row.secret_context,
            expires_at=one.row.expires_at,
            resends_left=one.resends,
            last_sent_at=max(one.row.run_after, one.row.created_at),
        )
        for one in validated
        if one.resends and one.row.expires_at is not None
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
    """Wipe one batch of expired codes; return how many. Call it again while it is not 0."""
    return delete_some(KeptCode.objects.filter(expires_at__lte=clock.now()), limit)
