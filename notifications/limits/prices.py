"""What an SMS costs, by country: for the cap on what may be spent."""

import re
from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured

_FORM = re.compile(r"([A-Z]{2}|\*)=([0-9]+(?:\.[0-9]{1,6})?)")
MICROS = 1_000_000
"""Amounts of money are counted in millionths of ``CURRENCY``."""


def price_of(region: str, entries: Sequence[str]) -> Decimal:
    """Return the price of one segment to a country: its own, or that of ``*``, or the highest there is.

    Nothing for a country that was forgotten would be a way around the limit. Without any price it is nothing.

    Raises:
        ImproperlyConfigured: names the entry that is wrong, and what would be right.
    """
    table = _parsed(tuple(entries))
    highest = max(table.values(), default=Decimal(0))
    return table.get(region, table.get("*", highest))


def check_prices(entries: Sequence[str]) -> None:
    """Read prices without asking for one.

    Raises:
        ImproperlyConfigured: as ``price_of``.
    """
    _parsed(tuple(entries))


@lru_cache(maxsize=8)
def _parsed(entries: tuple[str, ...]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for entry in entries:
        match = _FORM.fullmatch(entry.strip())
        if match is None:
            raise ImproperlyConfigured(
                f"BELLRINGER['SMS_PRICES']: {entry!r} is no price; write a country and the price of "
                "one segment, such as DE=0.075, and *=0.10 for all others"
            )
        found[match[1]] = Decimal(match[2])
    return found
