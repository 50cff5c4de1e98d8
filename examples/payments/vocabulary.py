"""Names and goods that the generated payments are made of. All domains are reserved for examples."""

import json
from pathlib import Path
from random import Random

from examples.payments.event import Customer, Payment

_WORDS = json.loads(Path(__file__).with_name("vocabulary.json").read_text("utf-8"))
REFUND_REASONS: list[str] = _WORDS["refund_reasons"]
CHARGEBACK_REASONS: list[str] = _WORDS["chargeback_reasons"]
GREYLISTING_DOMAIN = "greylist.example"
CLOSED_MARK, FULL_MARK = "closed", "full"
CLOSED_SHARE, FULL_SHARE, GREYLISTED_SHARE = 0.025, 0.035, 0.08

CURRENCIES = ("EUR", "EUR", "EUR", "USD", "GBP", "CHF")
CARDS = ("Visa", "Mastercard", "Visa", "American Express")
_LETTERS = str.maketrans("äáãåöøóéèëíıłńúüýžçß", "aaaaoooeeeiilnuuyzcs")


def customer(rng: Random) -> Customer:
    """Return somebody who pays; a few have mailboxes that make trouble."""
    first, last = rng.choice(_WORDS["first_names"]), rng.choice(_WORDS["last_names"])
    local = f"{first}.{last}".lower().translate(_LETTERS) + str(rng.randint(1, 99))
    domain = rng.choice(_WORDS["domains"])
    chance = rng.random()
    if chance < CLOSED_SHARE:
        local = f"{CLOSED_MARK}.{local}"
    elif chance < CLOSED_SHARE + FULL_SHARE:
        local = f"{FULL_MARK}.{local}"
    elif chance < CLOSED_SHARE + FULL_SHARE + GREYLISTED_SHARE:
        domain = GREYLISTING_DOMAIN
    return Customer(name=f"{first} {last}", email=f"{local}@{domain}")


def payment(rng: Random, merchant: str) -> Payment:
    """Return something that is bought from a merchant."""
    return Payment(
        id=f"pay_{rng.getrandbits(60):015x}",
        amount=int(10 ** rng.uniform(2.4, 4.8)),
        currency=rng.choice(CURRENCIES),
        description=rng.choice(_WORDS["goods"][merchant]),
        card=f"{rng.choice(CARDS)} •••• {rng.randint(0, 9999):04}",
    )


def is_closed(address: str) -> bool:
    """Say whether the mailbox does not exist any more."""
    return address.startswith(f"{CLOSED_MARK}.")


def is_full(address: str) -> bool:
    """Say whether the mailbox takes no more mail."""
    return address.startswith(f"{FULL_MARK}.")


def is_greylisted(address: str) -> bool:
    """Say whether the mailbox's server turns every mail away once."""
    return address.endswith(f"@{GREYLISTING_DOMAIN}")
