"""The tree of categories."""

import re
from collections.abc import Sequence
from typing import Any

from django.db import transaction

from notifications.channel_api.registry import CHANNELS
from notifications.exceptions import InvalidCategory
from notifications.models import Category
from notifications.models.category import KEY_PATTERN
from notifications.people.recipients.inheriting import INHERIT, Inherit
from notifications.rules.addresses import SMS
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments

RETENTION = ("body_retention_days", "exchange_retention_days", "row_retention_days")
MOST_DAYS = 36_500

_TREE_LOCK = "SELECT pg_advisory_xact_lock(7463)"


@storable_arguments(InvalidCategory, name=100, description=300, digest_template=100)
def save_category(
    key: str,
    *,
    name: str | None = None,
    description: str | None = None,
    parent: str | None = None,
    is_critical: bool | None = None,
    quiet_hours: str | None = None,
    digest_template: str | None = None,
    default_channels: Sequence[str] | None = None,
    body_retention_days: int | Inherit | None = None,
    exchange_retention_days: int | Inherit | None = None,
    row_retention_days: int | Inherit | None = None,
) -> Category:
    """Store a category, or change the one that has this key. What is not given stays as it is.

    Args:
        key: what callers give to ``notify(category=...)``.
        name: what recipients read.
        description: for recipients, too.
        parent: key of the category above; empty text for none. What is said about a category holds
            for those below it that nothing is said about.
        is_critical: preferences and quiet hours do not hold for it.
        quiet_hours: ``defer``, ``drop``, ``digest`` or ``send``.
        digest_template: with ``digest``, the name of the template that tells all that was held for somebody
            in one message; it gets ``items`` and ``count``. Without one what is held leaves one by one.
        default_channels: ways to take, the first that the recipient has, where the caller names none.
        body_retention_days: days after their end for which variables and texts are kept; 0 for as long as
            their rows; ``INHERIT``, as for what was never given, for as long as the category above
            says, and at the top the settings.
        exchange_retention_days: the same for requests and responses.
        row_retention_days: the same for the rows; 0 for ever.

    Raises:
        InvalidCategory: names the argument; nothing was written.
    """
    given: dict[str, Any] = {
        "name": name,
        "description": description,
        "is_critical": is_critical,
        "quiet_hours": quiet_hours,
        "digest_template": digest_template,
        "default_channels": None if default_channels is None else list(default_channels),
    }
    days = {
        "body_retention_days": body_retention_days,
        "exchange_retention_days": exchange_retention_days,
        "row_retention_days": row_retention_days,
    }
    fields = {field: value for field, value in given.items() if value is not None}
    fields |= {field: _stored(value) for field, value in days.items() if value is not None}
    check_category(key, fields)
    with transaction.atomic(using=database.alias()):
        lock_tree()
        category, _ = Category.objects.get_or_create(key=key, defaults={"created_at": clock.now()})
        check_built_in(category, fields)
        if parent is not None:
            fields["parent"] = _parent(category, parent)
        Category.objects.filter(pk=category.pk).update(**fields)
    category.refresh_from_db()
    return category


def _stored(value: int | Inherit) -> int | None:
    """Return what the column holds: it is empty where the category above decides."""
    return None if value is INHERIT else value


def check_category(key: str, fields: dict[str, Any]) -> None:
    """Check what can be checked without the tree.

    Raises:
        InvalidCategory: names the field.
    """
    if not re.match(KEY_PATTERN, key) or len(key) > 64:
        raise InvalidCategory(
            "key", "use up to 64 lower-case letters, digits, dots, dashes, underscores"
        )
    quiet_hours = fields.get("quiet_hours")
    if quiet_hours is not None and quiet_hours not in Category.QuietHours.values:
        listed = ", ".join(Category.QuietHours.values)
        raise InvalidCategory("quiet_hours", f"must be one of {listed}")
    for field in RETENTION:
        days = fields.get(field)
        if days is not None and not _is_days(days):
            raise InvalidCategory(field, "give a whole number of days, 0 for no limit")
    known = {*CHANNELS, SMS}
    for channel in fields.get("default_channels", []):
        if channel not in known:
            listed = ", ".join(sorted(known))
            raise InvalidCategory("default_channels", f"there is no '{channel}'; use {listed}")


def _is_days(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= MOST_DAYS


def check_built_in(category: Category, fields: dict[str, Any]) -> None:
    """Refuse to loosen a category that the product relies on."""
    if category.is_built_in and fields.get("is_critical") is False:
        raise InvalidCategory("is_critical", f"'{category.key}' is built in and stays critical")


def check_parent(category: Category, parent: Category | None) -> None:
    """Refuse a parent that lies below the category; call it with the tree locked.

    Raises:
        InvalidCategory: it would make a circle.
    """
    above = parent
    while above is not None:
        if above.key == category.key:
            raise InvalidCategory("parent", "lies below this category; choose another")
        above = above.parent


def lock_tree() -> None:
    """Let nobody else change the tree until the transaction ends."""
    with database.connection().cursor() as cursor:
        cursor.execute(_TREE_LOCK)


def _parent(category: Category, key: str) -> Category | None:
    if not key:
        return None
    parent = Category.objects.filter(key=key).first()
    if parent is None:
        raise InvalidCategory("parent", f"there is no category '{key}'")
    check_parent(category, parent)
    return parent
