"""System check: no foreign key of another app keeps rows for ever that are to go by age."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.checks import CheckMessage
from django.db import models

from tasks_core.database.foreign_keys import keeps, keys_to


def check_foreign_keys(app_configs: Sequence[AppConfig] | None, **_: Any) -> list[CheckMessage]:
    """Name the foreign keys to rows of the platform that keep these from being removed."""
    from tasks_core.models import (
        DeadLetter,
        Occurrence,
        Schedule,
        Task,
        TaskEvent,
        TaskHistory,
    )

    return [
        *keeping([DeadLetter, Occurrence, Schedule, Task], id="tasks_core.W010"),
        *referring([TaskEvent, TaskHistory], id="tasks_core.W010"),
    ]


def keeping(removed: Iterable[type[models.Model]], *, id: str) -> list[CheckMessage]:  # noqa: A002 as in Django
    """Return a warning for each foreign key to one of these models that keeps its rows."""
    hint = (
        "Give it on_delete=SET_NULL (with null=True) or CASCADE, which is done when the row is removed; or "
        "db_constraint=False, so that the key outlives the row. If the rows are to stay, silence this check."
    )
    return [
        checks.Warning(
            f"{_name(key)} keeps rows of {_label(model)} from being removed by age "
            f"(on_delete={getattr(key.remote_field.on_delete, '__name__', 'unknown')})",
            hint=hint,
            obj=key,
            id=id,
        )
        for model in removed
        for key in keys_to(model)
        if keeps(key)
    ]


def referring(removed: Iterable[type[models.Model]], *, id: str) -> list[CheckMessage]:  # noqa: A002 as in Django
    """Return a warning for each foreign key to one of these models, whatever it says of their removal."""
    return [
        checks.Warning(
            f"{_name(key)} keeps rows of {_label(model)} from being removed by age",
            hint="Give it db_constraint=False and on_delete=DO_NOTHING, so that the key outlives the row.",
            obj=key,
            id=id,
        )
        for model in removed
        for key in keys_to(model)
    ]


def _name(key: models.ForeignKey[Any, Any]) -> str:
    return f"the foreign key {_label(key.model)}.{key.name}"


def _label(model: type[models.Model]) -> str:
    return model._meta.label
