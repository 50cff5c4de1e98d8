"""A limit as an operator writes it: ``5/10m``, ``DE=1000/1h``, ``50.00/1d``."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import lru_cache

from django.core.exceptions import ImproperlyConfigured

_FORM = re.compile(
    r"(?:(?P<subject>[A-Z]{2}|\*)=)?(?P<most>[0-9]+(?:\.[0-9]+)?)/(?P<count>[0-9]*)(?P<unit>[smhd])"
)
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Rate:
    """So much in one window of so many seconds; for one subject, or for ``*``."""

    most: Decimal
    seconds: int
    subject: str = "*"

    def window(self, now: datetime) -> tuple[datetime, datetime]:
        """Return the beginning and the end of the window that ``now`` is in."""
        passed = int((now - _EPOCH).total_seconds())
        start = _EPOCH + timedelta(seconds=passed - passed % self.seconds)
        return start, start + timedelta(seconds=self.seconds)


def rates(setting: str, entries: Sequence[str]) -> tuple[Rate, ...]:
    """Parse the entries of a setting.

    Raises:
        ImproperlyConfigured: names the setting and the entry, and what would be right.
    """
    return _parsed(setting, tuple(entries))


def rates_for(subject: str, given: Sequence[Rate]) -> tuple[Rate, ...]:
    """Return the rates of a subject: its own, or else those of ``*``."""
    own = tuple(rate for rate in given if rate.subject == subject)
    return own or tuple(rate for rate in given if rate.subject == "*")


@lru_cache(maxsize=32)
def _parsed(setting: str, entries: tuple[str, ...]) -> tuple[Rate, ...]:
    return tuple(_rate(setting, entry) for entry in entries)


def _rate(setting: str, entry: str) -> Rate:
    found = _FORM.fullmatch(entry.strip())
    seconds = int(found["count"] or 1) * _UNITS[found["unit"]] if found else 0
    if not found or not 0 < seconds <= 366 * 86400:
        raise ImproperlyConfigured(
            f"BELLRINGER['{setting}']: {entry!r} is no limit; write an amount, a slash and a span "
            "(s, m, h, d), such as 5/10m or 20/1d, for one country as DE=1000/1h"
        )
    return Rate(Decimal(found["most"]), seconds, found["subject"] or "*")
