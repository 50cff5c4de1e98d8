"""Recipients that have an address: the address goes, and with the last one the recipient."""

from collections import Counter
from collections.abc import Iterable

from notifications.models import Preference, Recipient, RecipientAddress
from notifications.people.suppression.listing import NewEntry, put
from notifications.privacy.erasure.hashes import hashes_of
from notifications.privacy.erasure.subject import Subject
from notifications.rules.suppressions import Reason
from tasks_core import database

SOURCE = "erased recipient"


def erase_addresses(subject: Subject, *, sparing: int | None) -> Counter[str]:
    """Remove an address from all recipients, and those that have no other; return how much of what.

    Args:
        subject: whose address it is.
        sparing: the recipient that keeps all for now, so that who is erased by a key can go on after a crash.
    """
    found: Counter[str] = Counter()
    hashes = hashes_of(subject)
    stored = RecipientAddress.objects.filter(address_hash__in=hashes)
    owners = set(stored.order_by().values_list("recipient", flat=True))
    for recipient_id in sorted(owners):
        if recipient_id != sparing:
            found += _erase(recipient_id, hashes)
    return found


@database.in_transaction
def forget_recipient(recipient_id: int) -> Counter[str]:
    """Remove a recipient with all that is left of it; return how much of what."""
    return _forget(recipient_id)


@database.in_transaction
def _erase(recipient_id: int, hashes: Iterable[str]) -> Counter[str]:
    locked = Recipient.objects.select_for_update().filter(pk=recipient_id).first()
    mine = RecipientAddress.objects.filter(recipient=recipient_id, address_hash__in=list(hashes))
    if locked is None:
        return Counter()
    put(_wishes_kept(recipient_id, mine))
    found = Counter({"recipient addresses": mine.delete()[0]})
    if not RecipientAddress.objects.filter(recipient=recipient_id).exists():
        found += _forget(recipient_id)
    return found


def _wishes_kept(recipient_id: int, addresses: Iterable[RecipientAddress]) -> list[NewEntry]:
    """What was switched off stays off: as entries of the suppression list, by hash alone."""
    off = list(Preference.objects.filter(recipient=recipient_id, enabled=False))
    return [
        NewEntry(
            channel=one.channel,
            hashed=one.address_hash,
            category=wish.category,
            reason=Reason.UNSUBSCRIBE,
            source=SOURCE,
        )
        for one in addresses
        for wish in off
        if wish.channel in ("", one.channel)
    ]


def _forget(recipient_id: int) -> Counter[str]:
    left = RecipientAddress.objects.filter(recipient=recipient_id)
    put(_wishes_kept(recipient_id, left))
    counts = {
        "recipient addresses": left.delete()[0],
        "preferences": Preference.objects.filter(recipient=recipient_id).delete()[0],
        "recipients": Recipient.objects.filter(pk=recipient_id).delete()[0],
    }
    return Counter({name: count for name, count in counts.items() if count})
