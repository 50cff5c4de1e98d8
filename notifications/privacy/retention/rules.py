"""How long what is kept, for each category."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields

from django.core.exceptions import ImproperlyConfigured

from notifications import conf
from notifications.models import Category
from notifications.people.recipients.categories import MOST_DAYS
from notifications.rules.preferences import path_of

SHORTEST_ROW = 1.0
"""Days: idempotency keys live as long as their rows, and at least so long."""


@dataclass(frozen=True, kw_only=True)
class Rule:
    """Days after the end of a notification; 0 means for as long as its row, or for ever."""

    body: float
    exchange: float
    row: float


_WORDS = tuple(one.name for one in fields(Rule))


@dataclass(frozen=True)
class Rules:
    """The rules of all categories, from one look at their rows and the settings.

    For each of the three numbers the nearest word counts: what the category's row says, what the settings
    say of the category, and then the same of the category above it, and so on.
    """

    said: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    parents: Mapping[str, str] = field(default_factory=dict)

    def of(self, category: str) -> Rule:
        """Return the rule for a category.

        Raises:
            ImproperlyConfigured: names the setting, and what would be right.
        """
        days = _defaults()
        for key in reversed(path_of(category, self.parents) or (category,)):
            days.update(_checked(key, {**days, **_override(key)}))
            days.update(self.said.get(key, {}))
        # A row may have been written past the door that bounds them, and no calendar goes so far back.
        return Rule(**{word: min(number, MOST_DAYS) for word, number in days.items()})


def load_rules() -> Rules:
    """Read the categories' rows, with one query."""
    columns = ("key", "parent__key", *(f"{word}_retention_days" for word in _WORDS))
    rows = list(Category.objects.values_list(*columns))
    return Rules(
        said={
            key: {word: one for word, one in zip(_WORDS, days, strict=True) if one is not None}
            for key, _, *days in rows
        },
        parents={key: parent or "" for key, parent, *_ in rows},
    )


def check_rules() -> None:
    """Check what the settings say of all categories that they name, and of the others."""
    for category in ("", *(conf.current().notification_retention or ())):
        Rules().of(category)


def _defaults() -> dict[str, float]:
    settings = conf.current()
    return {
        "body": settings.notification_body_retention_days,
        "exchange": settings.notification_exchange_retention_days,
        "row": settings.notification_retention_days,
    }


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
