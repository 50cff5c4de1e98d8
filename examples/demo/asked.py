"""What the demo has asked the platform for, counted by the one who asks."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from examples.payments.event import AUTHENTICATION, SUCCEEDED, Event
from examples.payments.gateway import CODE, RECEIPT, WEBHOOK


@dataclass(frozen=True)
class Asked:
    """So many messages of a kind; and the codes that some carry, by notification."""

    counts: Mapping[str, int]
    codes: Mapping[int, str] = field(default_factory=dict, repr=False)


def asked_by(events: Iterable[Event]) -> Counter[str]:
    """Count the messages that events ask for, by kind."""
    found: Counter[str] = Counter()
    for event in events:
        if event.type == AUTHENTICATION:
            found[CODE] += 1
            continue
        found[WEBHOOK] += 1
        found[RECEIPT] += event.type == SUCCEEDED
    return found
