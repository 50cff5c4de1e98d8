"""What the first events of the file, and the scenarios, must come to, worked out without the platform."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from examples.demo.arguments import EVENTS_FILE
from examples.demo.behaviour import DOWN, REFUSING
from examples.demo.kinds import DIGEST, LABELS, LOGIN, NEWSLETTER, NOTICE, PAYOUT, STATEMENT
from examples.demo.scenarios import dead_endpoint, digest, login_codes, newsletter, quiet_hours
from examples.payments.event import Event, read_events
from examples.payments.gateway import CODE, RECEIPT, WEBHOOK
from examples.payments.vocabulary import is_closed, is_full

COLUMNS = ("sent", "held", "expired")

# A mailbox that does not exist fails once, and then nothing more is sent there. How often it comes to the
# one and to the other depends on which message was ready first.
NOT_SENT = ("failed", "suppressed")


def expected(events: int) -> dict[str, dict[str, int]]:
    """Return how many messages of each kind are in each column."""
    found: dict[str, Counter[str]] = {kind: Counter() for kind in LABELS}
    announced = read_events(EVENTS_FILE, events)
    for event in announced:
        if event.challenge is not None:
            found[CODE][_code(event)] += 1
            continue
        found[WEBHOOK][_webhook(event)] += 1
        if event.type == "payment.succeeded":
            found[RECEIPT][_mail(event.customer.email)] += 1
    for kind, ends in _scenarios(announced).items():
        found[kind].update(ends)
    return {kind: _columns(ends) for kind, ends in found.items()}


def totals(report: dict[str, Any]) -> dict[str, dict[str, int]]:
    """Return the same of a run's report."""
    return {kind: _columns(counts) for kind, counts in report["by_kind"].items()}


def _columns(counts: Mapping[str, int]) -> dict[str, int]:
    not_sent = sum(counts[column] for column in NOT_SENT)
    return {**{column: counts[column] for column in COLUMNS}, "not sent": not_sent}


def _scenarios(events: list[Event]) -> dict[str, dict[str, int]]:
    return {
        LOGIN: {"sent": login_codes.CODES - 1, "failed": 1},
        STATEMENT: {
            "held": quiet_hours.SLEEPERS,
            "sent": quiet_hours.OTHERS + 1,
            "suppressed": quiet_hours.OFFERS,
            "expired": 1,
        },
        DIGEST: {"sent": digest.MERCHANTS * digest.DISPUTES},
        NEWSLETTER: _newsletter(events),
        PAYOUT: {"failed": dead_endpoint.PAYOUTS},
        NOTICE: {"sent": 1},
    }


def _newsletter(events: list[Event]) -> Counter[str]:
    customers = newsletter.audience(events)
    unsubscribed = {one.email for one in newsletter.unsubscribed(customers)}
    return Counter(
        "suppressed" if one.email in unsubscribed else _mail(one.email) for one in customers
    )


def _code(event: Event) -> str:
    """A code lives for three seconds where the mailbox is full for ever."""
    assert event.challenge is not None
    if event.challenge.valid_for < 0.01 or is_full(event.customer.email):
        return "expired"
    return "failed" if is_closed(event.customer.email) else "sent"


def _mail(address: str) -> str:
    return "failed" if is_closed(address) or is_full(address) else "sent"


def _webhook(event: Event) -> str:
    refused = event.merchant == REFUSING and event.type == "payment.chargeback"
    return "failed" if refused or event.merchant == DOWN else "sent"
