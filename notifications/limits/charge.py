"""What one notification uses up of one limit."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from notifications.keys import keyring
from notifications.limits.rate import Rate

_KEY = "limit-counters"


@dataclass(frozen=True, kw_only=True)
class Charge:
    """So much, of one limit, in one window."""

    limit: str
    subject: str
    window: tuple[datetime, datetime]
    seconds: int
    amount: int
    most: int

    @property
    def key(self) -> tuple[str, str, int, datetime]:
        """What it shares with the other charges on the same counter."""
        return (self.limit, self.subject, self.seconds, self.window[0])


def charge(
    limit: str, subject: str, rate: Rate, now: datetime, *, amount: int = 1, scale: int = 1
) -> Charge:
    """Make a charge of ``amount``; ``scale`` is how many units one of the rate has."""
    return Charge(
        limit=limit,
        subject=subject,
        window=rate.window(now),
        seconds=rate.seconds,
        amount=amount,
        most=int(rate.most * Decimal(scale)),
    )


def hashed(purpose: str, value: str) -> str:
    """Return a keyed hash, so that counters tell no addresses."""
    return keyring.digest(_KEY, f"{purpose}\0{value}")
