"""Erase a recipient: in small steps that commit by themselves, so that it can be run again and go on."""

import logging
from collections import Counter

from notifications.channels.registry import channel_named
from notifications.erasure.messages import erase_late_records, erase_messages
from notifications.erasure.subject import subject_of
from notifications.erasure.traces import PLACES, count_at_work, erase_traces

logger = logging.getLogger(__name__)

LEFT = "unfinished tasks that hold it"


def erase(
    *, address: str, channel: str | None = None, actor: str = "", last: int | None = None
) -> dict[str, int]:
    """Remove an address, and what was said to it, from all that is stored.

    Unsent notifications to it are cancelled. A keyed hash takes the place of the address, so that rows
    of one person still belong together and nobody can tell to whom. Running it again, also after it was
    interrupted, does what is left.

    Args:
        address: mail address, or what another channel takes for one; capitals do not matter.
        channel: only notifications by this channel; traces elsewhere go in any case.
        actor: who asked for it, for the log.
        last: a notification that is erased after all else, so that who named its receiver by it can go on
            after a crash.

    Returns:
        how many rows of each kind were changed. Tasks that have not ended keep their payloads, and are
        counted: run it again when they have.

    Raises:
        InvalidNotification: the address or the channel is none; nothing was changed.
    """
    subject = subject_of(address)
    if channel:
        channel_named(channel)
    found: Counter[str] = Counter()
    while batch := erase_messages(subject, channel, sparing=last):
        found += batch
    found["attempts"] += erase_late_records(subject)
    for name, place in PLACES.items():
        found[name] += erase_traces(place, subject)
    while batch := erase_messages(subject, channel, sparing=None):
        found += batch
    found[LEFT] = count_at_work(subject)
    counts = {name: count for name, count in found.items() if count}
    logger.info(
        "a recipient was erased",
        extra={"erased_as": subject.tombstone, "asked_by": actor, "erased": counts},
    )
    return counts
