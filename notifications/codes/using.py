"""What is done when a code was entered."""

from django.db import transaction

from notifications.exceptions import InvalidNotification
from notifications.models import LadderStep, Notification
from notifications.sending.pipeline.kept_codes import forget
from notifications.sending.pipeline.settle import settle
from tasks_core import database
from tasks_core.arguments import storable_arguments

REASON = "the code was used"


@storable_arguments(InvalidNotification)
def forget_code(notification_id: int) -> bool:
    """Wipe a kept code, because it was used or is not wanted any more; False if there was nothing to do.

    Fallbacks that have not begun do not begin any more. The notification may be the first one, or one of
    its resends; all of them are meant.
    """
    with transaction.atomic(using=database.alias()):
        forgotten = forget(notification_id)
        family = _family(notification_id)
        if not family:
            return forgotten
        was_waiting = LadderStep.objects.filter(notification__in=family).waiting().exists()
        settle(family, no_fallback=REASON)
    return forgotten or was_waiting


def _family(notification_id: int) -> list[int]:
    """Those with a fallback among the first notification and its resends."""
    given = Notification.objects.filter(pk=notification_id).values_list("resend_of", flat=True)
    root = given.first() or notification_id
    family = Notification.objects.filter(pk=root) | Notification.objects.filter(resend_of=root)
    return list(family.filter(has_fallback=True).order_by("pk").values_list("pk", flat=True))
