"""Secret addresses that are known by a name: what is erased by that name is forgotten."""

from notifications.models import Destination
from notifications.privacy.erasure.subject import Subject


def erase_destinations(subject: Subject) -> int:
    """Delete the destinations of this name, such as a browser's push subscription; return how many."""
    found = Destination.objects.filter(name__iexact=subject.address)
    if subject.channel:
        found = found.filter(channel=subject.channel)
    return found.delete()[0]
