"""What providers report about messages, in one vocabulary, and what follows from it."""

from enum import StrEnum

from notifications.rules.suppressions import Reason


class EventKind(StrEnum):
    """The normalised kinds of event, named as by django-anymail."""

    QUEUED = "queued"
    SENT = "sent"
    REJECTED = "rejected"
    FAILED = "failed"
    BOUNCED = "bounced"
    DEFERRED = "deferred"
    DELIVERED = "delivered"
    OPENED = "opened"
    CLICKED = "clicked"
    COMPLAINED = "complained"
    UNSUBSCRIBED = "unsubscribed"


class Bounce(StrEnum):
    """Whether the address will never work, or did not work this time."""

    HARD = "hard"
    SOFT = "soft"


LEADS_TO = {
    EventKind.SENT: "sent",
    EventKind.DELIVERED: "delivered",
    EventKind.OPENED: "delivered",
    EventKind.CLICKED: "delivered",
    EventKind.COMPLAINED: "delivered",
    EventKind.UNSUBSCRIBED: "delivered",
    EventKind.REJECTED: "rejected",
    EventKind.FAILED: "rejected",
    EventKind.BOUNCED: "bounced",
}
"""The state of a delivery that an event proves. The others tell of no progress."""

PROVES_ADDRESS_WORKS = frozenset({EventKind.DELIVERED, EventKind.OPENED, EventKind.CLICKED})
"""After these, soft bounces are counted from nought again."""


def suppression_for(kind: EventKind, bounce: Bounce | None) -> Reason | None:
    """Return why the address goes to the suppression list at once, or None."""
    if kind is EventKind.COMPLAINED:
        return Reason.COMPLAINT
    if kind is EventKind.UNSUBSCRIBED:
        return Reason.UNSUBSCRIBE
    if kind in (EventKind.BOUNCED, EventKind.REJECTED) and bounce is Bounce.HARD:
        return Reason.HARD_BOUNCE
    return None


def is_soft_bounce(kind: EventKind, bounce: Bounce | None) -> bool:
    """Tell whether the event counts towards the limit of soft bounces.

    A bounce that does not say which it is counts as soft: it takes several to stop an address.
    """
    return kind is EventKind.BOUNCED and bounce is not Bounce.HARD
