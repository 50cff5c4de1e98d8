"""The categories, as they are now."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from notifications.message import ONE_TIME_CODE
from notifications.models import Category
from notifications.rules.preferences import path_of

DEFER = Category.QuietHours.DEFER.value
DIGEST = Category.QuietHours.DIGEST.value


@dataclass(frozen=True)
class Tree:
    """Answers for categories by key. One that is not in the database stands alone and is not critical."""

    parents: dict[str, str] = field(default_factory=dict)
    critical: frozenset[str] = frozenset({ONE_TIME_CODE})
    quiet_hours: dict[str, str] = field(default_factory=dict)
    digest_templates: dict[str, str] = field(default_factory=dict)

    def path(self, key: str) -> tuple[str, ...]:
        """Return the category and those above it; nothing for no category."""
        return path_of(key, self.parents)

    def is_critical(self, key: str) -> bool:
        """Tell whether preferences and quiet hours do not hold for it."""
        return key in self.critical

    def in_quiet_hours(self, key: str) -> str:
        """Return what quiet hours do to its messages."""
        return self.quiet_hours.get(key, DEFER)

    def digest_template(self, key: str) -> str:
        """Return the template that tells what quiet hours have held; nothing if it leaves one by one."""
        return self.digest_templates.get(key, "") if self.in_quiet_hours(key) == DIGEST else ""


def tree_for(keys: Iterable[str]) -> Tree:
    """Load the tree, if one of the messages has a category that could be in it."""
    if not any(key and key != ONE_TIME_CODE for key in keys):
        return Tree()
    columns = ("key", "parent__key", "is_critical", "quiet_hours", "digest_template")
    rows = list(Category.objects.values_list(*columns))
    return Tree(
        parents={key: parent or "" for key, parent, *_ in rows},
        critical=frozenset({ONE_TIME_CODE, *(key for key, _, critical, *_ in rows if critical)}),
        quiet_hours={key: behaviour for key, _, _, behaviour, _ in rows},
        digest_templates={key: template for key, *_, template in rows if template},
    )
