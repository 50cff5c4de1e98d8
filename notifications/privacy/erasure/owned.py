"""All addresses by which a recipient is or was reached."""

from typing import Any

from django.db.models import QuerySet

from notifications.models import BroadcastReceiver, Delivery, Notification, Recipient
from notifications.privacy.erasure.subject import Subject, subject_of
from notifications.rules.addresses import TOMBSTONE


def addresses_of(recipient: Recipient) -> list[Subject]:
    """Return whom an erasure of this recipient is about, one for each address.

    Addresses from before it was changed are found by the messages that went there.
    """
    places = {
        *recipient.addresses.values_list("channel", "address"),
        *_distinct(Notification.objects.filter(recipient=recipient), "channel"),
        *_distinct(Delivery.objects.filter(notification__recipient=recipient), "channel"),
        *_distinct(BroadcastReceiver.objects.filter(recipient=recipient), "broadcast__channel"),
    }
    subjects = {_subject(*place) for place in places if not place[1].startswith(TOMBSTONE)}
    return sorted(subjects, key=lambda one: (one.channel or "", one.address))


def last_message(recipient: Recipient, subject: Subject) -> int | None:
    """Return a message by which this address is found again if an erasure is interrupted."""
    mine = Notification.objects.filter(recipient=recipient)
    found = mine.to_address(subject.address).order_by("-pk").values_list("pk", flat=True).first()
    if found is not None:
        return found
    sent = Delivery.objects.to_address(subject.address).filter(notification__recipient=recipient)
    return sent.order_by("-pk").values_list("notification", flat=True).first()


def _distinct(rows: QuerySet[Any], channel: str) -> QuerySet[Any, tuple[str, str]]:
    return rows.order_by().values_list(channel, "address").distinct()


def _subject(channel: str, address: str) -> Subject:
    """An address that could be anything is this person's on its own channel only."""
    found = subject_of(address, channel)
    return subject_of(address) if found.tells_itself else found
