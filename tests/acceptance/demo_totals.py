"""What the first events of the file must come to, worked out from the file alone."""

from collections import Counter

from examples.demo.arguments import EVENTS_FILE
from examples.demo.behaviour import DOWN, REFUSING
from examples.payments.event import Event, read_events
from examples.payments.vocabulary import is_closed, is_full


def expected(events: int) -> dict[str, dict[str, int]]:
    """Return how many messages are delivered, expire and fail, by category."""
    found: dict[str, Counter[str]] = {"otp": Counter(), "receipt": Counter(), "webhook": Counter()}
    for event in read_events(EVENTS_FILE, events):
        if event.challenge is not None:
            found["otp"][_code(event)] += 1
            continue
        found["webhook"][_webhook(event)] += 1
        if event.type == "payment.succeeded":
            found["receipt"][_receipt(event)] += 1
    return {
        category: {end: ends[end] for end in ("delivered", "expired", "dead_lettered")}
        for category, ends in found.items()
    }


def totals(report: dict[str, dict[str, dict[str, int]]]) -> dict[str, dict[str, int]]:
    """Return the same of a run's report."""
    return {
        category: {end: counts[end] for end in ("delivered", "expired", "dead_lettered")}
        for category, counts in report["by_category"].items()
    }


def _code(event: Event) -> str:
    """A code lives for three seconds where the mailbox is full for ever."""
    assert event.challenge is not None
    if event.challenge.valid_for < 0.01 or is_full(event.customer.email):
        return "expired"
    return "dead_lettered" if is_closed(event.customer.email) else "delivered"


def _receipt(event: Event) -> str:
    address = event.customer.email
    return "dead_lettered" if is_closed(address) or is_full(address) else "delivered"


def _webhook(event: Event) -> str:
    refused = event.merchant == REFUSING and event.type == "payment.chargeback"
    return "dead_lettered" if refused or event.merchant == DOWN else "delivered"
