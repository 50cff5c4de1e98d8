"""A broadcast to the customers of the day. Some have unsubscribed, some are in the list twice."""

from collections.abc import Sequence

from examples.demo.asked import Asked
from examples.demo.checks import Check
from examples.demo.kinds import NEWSLETTER
from examples.demo.scenarios.stage import Found, Stage
from examples.payments.event import Customer, Event
from notifications.api import Receiver, create_broadcast, suppress

CUSTOMERS, TWICE = 100, 5
UNSUBSCRIBED_EACH = 20
RATE, CHUNK = 50.0, 25


def ask(stage: Stage) -> Asked:
    """Send it, a chunk at a time."""
    customers = audience(stage.events)
    for customer in unsubscribed(customers):
        suppress("email", customer.email, reason="unsubscribe", source="demo", category=NEWSLETTER)
    again = [one.model_copy(update={"email": one.email.upper()}) for one in customers[:TWICE]]
    create_broadcast(
        f"{stage.run}-newsletter",
        "newsletter",
        [Receiver(to=one.email, context={"name": one.name}) for one in [*customers, *again]],
        category=NEWSLETTER,
        rate=RATE,
        chunk_size=CHUNK,
    )
    return Asked({NEWSLETTER: len(customers)})


def audience(events: Sequence[Event]) -> list[Customer]:
    """Return the first customers of the events, each once."""
    found = {event.customer.email.lower(): event.customer for event in events}
    return list(found.values())[:CUSTOMERS]


def unsubscribed(customers: Sequence[Customer]) -> Sequence[Customer]:
    """Return those who do not want it: the same on every run."""
    return customers[::UNSUBSCRIBED_EACH]


def check(stage: Stage, found: Found) -> Check:
    """No address got it more often than once."""
    sent = found.sent(NEWSLETTER, "email")
    addresses = {one.address.lower() for one in sent}
    unwanted = addresses & {one.email.lower() for one in unsubscribed(audience(stage.events))}
    if len(addresses) != len(sent) or unwanted:
        return Check(
            False,
            f"Newsletter: {len(sent)} mails to {len(addresses)} addresses, "
            f"{len(unwanted)} of them unsubscribed",
        )
    return Check(True, f"Newsletter: {len(sent)} addresses got one mail each, who left it got none")
