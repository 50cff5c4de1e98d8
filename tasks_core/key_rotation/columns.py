"""Where sealed values are: every column that a model of the platform declares."""

from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from tasks_core.models.platform_model import PlatformModel


@dataclass(frozen=True, kw_only=True)
class Place:
    """A table's column with sealed values.

    ``key`` and ``is_configuration`` are those of the ``SealedColumn``.
    """

    table: str
    primary_key: str
    column: str
    key: str | None
    is_configuration: bool

    @property
    def name(self) -> str:
        """What people call it, and where a run goes on."""
        return f"{self.table}.{self.column}"


def sealed_places() -> list[Place]:
    """Return all sealed columns.

    They are in the order of their names. So schedules come before tasks, and triggers before their events:
    what is copied from one to the other meanwhile is sealed with the first key already.
    """
    found = [
        _place(model, column.name, column.key, is_configuration=column.is_configuration)
        for model in apps.get_models()
        if issubclass(model, PlatformModel)
        for column in model.sealed_columns
    ]
    return sorted(found, key=lambda one: one.name)


def _place(
    model: type[models.Model], name: str, key: str | None, *, is_configuration: bool
) -> Place:
    primary_key: Any = model._meta.pk
    column: Any = model._meta.get_field(name)
    return Place(
        table=model._meta.db_table,
        primary_key=primary_key.column,
        column=column.column,
        key=key,
        is_configuration=is_configuration,
    )
