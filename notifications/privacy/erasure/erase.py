"""Erase a person: in small steps that commit by themselves, so that it can be run again and go on."""

import logging
from collections import Counter

from notifications.channel_api.registry import channel_named
from notifications.exceptions import InvalidNotification
from notifications.people.recipients.saving import get_recipient
from notifications.privacy.erasure.audiences import erase_receivers
from notifications.privacy.erasure.destinations import erase_destinations
from notifications.privacy.erasure.digests import erase_digests
from notifications.privacy.erasure.hashes import erase_hashed
from notifications.privacy.erasure.messages import erase_late_records, erase_messages
from notifications.privacy.erasure.owned import addresses_of, last_message
from notifications.privacy.erasure.recipients import erase_addresses, forget_recipient
from notifications.privacy.erasure.subject import Subject, subject_of
from notifications.privacy.erasure.traces import PLACES, count_at_work, erase_traces
from tasks_core.arguments import storable_arguments

logger = logging.getLogger(__name__)

LEFT = "unfinished tasks that hold it"


@storable_arguments(InvalidNotification)
def erase(
    *,
    address: str | None = None,
    recipient: str | None = None,
    channel: str | None = None,
    actor: str = "",
    last: int | None = None,
) -> dict[str, int]:
    """Remove a person, and what was said to them, from all that is stored.

    Unsent notifications are cancelled. A keyed hash takes the place of the address, so that rows of one
    person still belong together and nobody can tell to whom. Running it again, also after it was
    interrupted, does what is left.

    Args:
        address: mail address, phone number, URL, or with ``channel`` what else that channel takes for an
            address, such as the owner of an inbox; capitals do not matter.
        recipient: instead of an address, the key of a recipient: all addresses that it has, or that messages
            to it went to, are erased, and the recipient.
        channel: only notifications by this channel; traces elsewhere go in any case.
        actor: who asked for it, for the log.
        last: a notification that is erased after all else, so that who named its receiver by it can go on
            after a crash.

    Returns:
        how many rows of each kind were changed. Tasks that have not ended keep their payloads, and are
        counted: run it again when they have.

    Raises:
        InvalidNotification: the address or the channel is none, or not one of ``address`` and ``recipient``
            is given; nothing was changed.
        RecipientNotFound: there is none of this key.
    """
    if (address is None) == (recipient is None):
        raise InvalidNotification("address", "give either an address or the key of a recipient")
    if recipient is not None:
        return _erase_recipient(recipient, channel, actor)
    if channel:
        channel_named(channel)
    subject = subject_of(address or "", channel)
    return _reported(_erase(subject, last=last, sparing=None), [subject], actor)


def _erase_recipient(key: str, channel: str | None, actor: str) -> dict[str, int]:
    if channel:
        raise InvalidNotification("channel", "a recipient is erased on all channels; leave it out")
    recipient = get_recipient(key)
    subjects = addresses_of(recipient)
    found: Counter[str] = Counter()
    for subject in subjects:
        found += _erase(subject, last=last_message(recipient, subject), sparing=recipient.pk)
    found += forget_recipient(recipient.pk)
    return _reported(found, subjects, actor)


def _erase(subject: Subject, *, last: int | None, sparing: int | None) -> Counter[str]:
    # First what would make new notifications.
    found = Counter(
        {
            "broadcast receivers": erase_receivers(subject),
            "digests": erase_digests(subject),
            "destinations": erase_destinations(subject),
        }
    )
    found += erase_addresses(subject, sparing=sparing)
    while batch := erase_messages(subject, sparing=last):
        found += batch
    found["attempts"] += erase_late_records(subject)
    found += erase_hashed(subject)
    if subject.tells_itself:
        for name, place in PLACES.items():
            found[name] += erase_traces(place, subject)
    while batch := erase_messages(subject, sparing=None):
        found += batch
    found[LEFT] = count_at_work(subject) if subject.tells_itself else 0
    return found


def _reported(found: Counter[str], subjects: list[Subject], actor: str) -> dict[str, int]:
    counts = {name: count for name, count in found.items() if count}
    logger.info(
        "a recipient was erased",
        extra={
            "erased_as": " ".join(subject.tombstone for subject in subjects),
            "asked_by": actor,
            "erased": counts,
        },
    )
    return counts
