"""What is known by an address's hash: lists and counts that outlive messages."""

from collections import Counter

from notifications.channel_api.registry import CHANNELS
from notifications.keys.address_hash import address_hash
from notifications.models import EventSource, ProviderEvent, SoftBounces, Suppression
from notifications.privacy.erasure.subject import Subject


def erase_hashed(subject: Subject) -> Counter[str]:
    """Remove what is kept by the hash of an address; return how much of what.

    The suppression list keeps its entries by hash alone: whoever complained must not get mail again because
    they were erased, and without the key nobody can tell who it is.
    """
    hashes = list(hashes_of(subject))
    listed = Suppression.objects.filter(address_hash__in=hashes).exclude(address="")
    reported = ProviderEvent.objects.filter(address_hash__in=hashes)
    counts = {
        "suppressions": listed.update(address=""),
        "soft bounces": SoftBounces.objects.filter(address_hash__in=hashes).delete()[0],
        "provider events": reported.update(address_hash="", reason=""),
    }
    return Counter({name: count for name, count in counts.items() if count})


def hashes_of(subject: Subject) -> dict[str, str]:
    """Return the hashes that an address has, with their channels."""
    if subject.channel:
        channels = {subject.channel}
    else:
        channels = {*CHANNELS, *EventSource.objects.values_list("channel", flat=True)}
    return {address_hash(channel, subject.address): channel for channel in channels}
