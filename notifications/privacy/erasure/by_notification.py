"""Erase the receiver of a notification: for those who must not write the address down once more."""

from django.db import transaction

from notifications.models import Erasure, Notification
from notifications.privacy.erasure.erase import erase
from notifications.privacy.erasure.subject import subject_of
from notifications.rules.addresses import TOMBSTONE
from notifications.task_payloads import ERASE
from tasks_core import Unique, clock, database, enqueue
from tasks_core.models import Task


def ask_erasure(notification_id: int, *, actor: str) -> Task:
    """Let a task erase the receiver of a notification; who asks must have been let to.

    Asked for again while that task has not ended, it is the same one.

    Args:
        notification_id: whose receiver.
        actor: who asks, as the server knows them.
    """
    with transaction.atomic(using=database.alias()):
        asked = Erasure.objects.create(
            notification_id=notification_id, asked_by=actor[:150], asked_at=clock.now()
        )
        return enqueue(
            ERASE,
            {"erasure": asked.pk},
            unique=Unique(key=f"{ERASE}-{notification_id}", until="finished"),
            inner=True,
        )


def erase_as_asked(erasure_id: int) -> dict[str, int]:
    """Erase the receiver that somebody asked to have erased; nothing if nobody did."""
    asked = Erasure.objects.filter(pk=erasure_id).first()
    return erase_receiver(asked.notification_id, asked.asked_by) if asked else {}


def erase_receiver(notification_id: int, actor: str) -> dict[str, int]:
    """Erase the address of a notification everywhere; nothing if it has been, or the row is gone."""
    rows = Notification.objects.filter(pk=notification_id)
    found = rows.values_list("channel", "address").first()
    if found is None or found[1].startswith(TOMBSTONE):
        return {}
    channel, address = found
    only = None if subject_of(address, channel).tells_itself else channel
    return erase(address=address, channel=only, actor=actor, last=notification_id)
