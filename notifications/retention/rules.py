"""How long what is kept, for each category."""

from collections.abc import Mapping
from dataclasses import dataclass, fields

from django.core.exceptions import ImproperlyConfigured

from notifications import conf

SHORTEST_ROW = 1.0
"""Days: idempotency keys live as long as their rows, and at least so long."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Days after the end of a notification; 0 means for as long as its row, or for ever."""

    body: float
    exchange: float
    row: float


_WORDS = tuple(field.name for field in fields(Rule))


def rule_of(category: str) -> Rule:
    """Give the rule for a category.

    Raises:
        ImproperlyConfigured: names the setting, and what would be right.
    """
    settings = conf.current()
    days = {
        "body": settings.notification_body_retention_days,
        "exchange": settings.notification_exchange_retention_days,
        "row": settings.notification_retention_days,
    }
    return Rule(**_checked(category, {**days, **_override(category)}))


def check_rules() -> None:
    """Check the rules of all categories that the settings name, and the one for the others."""
    for category in ("", *(conf.current().notification_retention or ())):
        rule_of(category)


def _override(category: str) -> Mapping[str, float]:
    return (conf.current().notification_retention or {}).get(category, {})


def _checked(category: str, days: Mapping[str, float]) -> Mapping[str, float]:
    where = f"BELLRINGER['NOTIFICATION_RETENTION'][{category!r}]"
    unknown = sorted(set(days) - set(_WORDS))
    if unknown:
        raise ImproperlyConfigured(
            f"{where} says {', '.join(unknown)}; the words are {', '.join(_WORDS)}"
        )
    if any(number < 0 for number in days.values()):
        raise ImproperlyConfigured(f"{where}: days cannot be negative; 0 means no limit")
    if 0 < days["row"] < SHORTEST_ROW:
        raise ImproperlyConfigured(
            f"{where}: rows hold the idempotency keys, which are kept for at least 1 day; "
            "give 1 or more, or 0 for ever"
        )
    return days
