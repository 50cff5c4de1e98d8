"""Write events.jsonl: one day of a payment gateway, the same on every run.

python -m examples.payments.generate [--payments 640] [--seed 2026] > examples/payments/events.jsonl
"""

import argparse
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from random import Random

from examples.payments import vocabulary
from examples.payments.event import (
    AUTHENTICATION,
    CHARGEBACK,
    REFUNDED,
    SUCCEEDED,
    Challenge,
    Customer,
    Event,
    Payment,
)
from examples.payments.merchants import read_merchants

DAY = datetime(2026, 11, 20, 6, tzinfo=UTC)
TOO_LATE_SHARE, BARELY_ALIVE_SHARE = 0.04, 0.04
CHALLENGED_SHARE, REFUNDED_SHARE, CHARGEBACK_SHARE = 0.8, 0.25, 0.15


def main(arguments: list[str] | None = None) -> int:
    """Print the events, one a line, in the order in which they happened."""
    parser = argparse.ArgumentParser(description="Generate the events of a payment gateway.")
    parser.add_argument("--payments", type=int, default=480, help="payments, of 1 to 4 events each")
    parser.add_argument("--seed", type=int, default=2026, help="another seed gives another day")
    options = parser.parse_args(arguments)
    for event in generate(options.payments, Random(options.seed)):
        sys.stdout.write(event.model_dump_json(exclude_none=True) + "\n")
    return 0


def generate(payments: int, rng: Random) -> list[Event]:
    """Return the events of so many payments, in the order in which they happened."""
    merchants = read_merchants()
    shares = [merchant.share for merchant in merchants]
    found: list[Event] = []
    for number in range(payments):
        [merchant] = rng.choices(merchants, shares)
        customer = vocabulary.customer(rng)
        payment = vocabulary.payment(rng, merchant.id)
        created = DAY + timedelta(seconds=round(rng.uniform(0, 16 * 3600), 3))
        found += _life(rng, number, created, merchant.id, payment, customer)
    return sorted(found, key=lambda event: (event.created, event.id))


def _life(
    rng: Random,
    number: int,
    created: datetime,
    merchant: str,
    payment: Payment,
    customer: Customer,
) -> Iterator[Event]:
    """Give what happens to one payment."""
    ids = (f"evt_{number:05}{step}" for step in "abcd")

    def event(kind: str, at: datetime, **more: object) -> Event:
        return Event.model_validate(
            {
                "id": next(ids),
                "type": kind,
                "created": at,
                "merchant": merchant,
                "payment": payment,
                "customer": customer,
                **more,
            }
        )

    if rng.random() < CHALLENGED_SHARE:
        yield event(AUTHENTICATION, created, challenge=_challenge(rng, customer))
        created += timedelta(seconds=rng.randint(8, 90))
    yield event(SUCCEEDED, created)
    if rng.random() < REFUNDED_SHARE:
        created += timedelta(minutes=rng.randint(10, 90))
        yield event(REFUNDED, created, reason=rng.choice(vocabulary.REFUND_REASONS))
    elif rng.random() < CHARGEBACK_SHARE:
        created += timedelta(minutes=rng.randint(30, 110))
        yield event(CHARGEBACK, created, reason=rng.choice(vocabulary.CHARGEBACK_REASONS))


def _challenge(rng: Random, customer: Customer) -> Challenge:
    """Most codes have time; some come too late, or to a mailbox that does not take them in time."""
    chance = rng.random()
    if chance < TOO_LATE_SHARE:
        return Challenge(valid_for=-float(rng.randint(5, 300)))
    if chance < TOO_LATE_SHARE + BARELY_ALIVE_SHARE:
        return Challenge(valid_for=0.002)
    if vocabulary.is_full(customer.email):
        return Challenge(valid_for=3.0)
    return Challenge(valid_for=float(rng.choice((180, 300, 600))))


if __name__ == "__main__":
    sys.exit(main())
