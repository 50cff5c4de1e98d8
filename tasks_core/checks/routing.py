"""System checks of where rows are, how their transactions are isolated, and what their instants mean."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig, apps
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage, Error
from django.db import connections, router
from psycopg import IsolationLevel

from tasks_core import database

OUR_APPS = frozenset({"tasks_core", "notifications"})
SAFE_LEVELS = (None, IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED)


def instants_are_aware(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Refuse naive instants: what is compared between machines needs a zone."""
    if settings.USE_TZ:
        return []
    return [
        Error(
            "USE_TZ is False: instants come from the database without their zone and cannot be compared",
            hint="Set USE_TZ = True; TIME_ZONE may stay as it is.",
            id="tasks_core.E010",
        )
    ]


def transactions_are_not_isolated_too_much(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Refuse levels at which a claim fails when it meets another one, instead of passing over it."""
    alias = database.alias()
    level = connections[alias].settings_dict.get("OPTIONS", {}).get("isolation_level")
    if level in SAFE_LEVELS:
        return []
    return [
        Error(
            f"DATABASES[{alias!r}] has the isolation level {IsolationLevel(level).name}: claims, finishes "
            "and callers' keys fail when they meet, instead of passing over each other",
            hint="Take isolation_level out of the OPTIONS of the database of the tasks. Where your own code "
            "needs more, set it for that transaction, or give that code another alias.",
            id="tasks_core.E011",
        )
    ]


def callers_share_a_database(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Tell whose transactions a task does not join."""
    alias = database.alias()
    elsewhere: dict[str, set[str]] = {}
    for model in apps.get_models():
        label, other = model._meta.app_label, router.db_for_write(model)
        if label not in OUR_APPS and model._meta.managed and other != alias:
            elsewhere.setdefault(other, set()).add(label)
    return [
        checks.Warning(
            f"tasks are kept in the database {alias!r}, and the rows of {', '.join(sorted(labels))} in "
            f"{other!r}: a task that is enqueued in a transaction of {other!r} does not join it, and stays "
            "when that is rolled back",
            hint="Keep both in one database; or enqueue in transaction.on_commit(..., "
            f"using={other!r}), and silence this check once all callers do.",
            id="tasks_core.W011",
        )
        for other, labels in sorted(elsewhere.items())
    ]


def rows_of_the_platform_are_together(
    app_configs: Sequence[AppConfig] | None, **_: Any
) -> list[CheckMessage]:
    """Refuse routers that part what is written in one transaction."""
    alias = database.alias()
    parted = sorted(
        {
            f"{model._meta.label} ({other})"
            for model in apps.get_models()
            if model._meta.app_label in OUR_APPS and (other := router.db_for_write(model)) != alias
        }
    )
    if not parted:
        return []
    return [
        Error(
            f"tasks are kept in the database {alias!r}, but {', '.join(parted)}: they are written together",
            hint="Let DATABASE_ROUTERS send all models of tasks_core and notifications to the same database.",
            id="tasks_core.E012",
        )
    ]
