"""Foreign keys of other apps to rows that are removed by age, and what becomes of theirs."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connections, models, router

from tasks_core import database

_BY_THE_DATABASE = {getattr(models, name, None) for name in ("DB_CASCADE", "DB_SET_NULL")} - {None}
"""What Django 6.1 leaves to the database itself."""


def keys_to(model: type[models.Model]) -> Iterator[models.ForeignKey[Any, Any]]:
    """Yield the foreign keys of other apps to ``model`` that the database holds to."""
    for relation in model._meta.get_fields(include_hidden=True):
        field = getattr(relation, "field", None)
        if not relation.auto_created or not isinstance(field, models.ForeignKey):
            continue
        owner = field.model
        is_others = owner._meta.app_label != model._meta.app_label
        is_here = router.allow_migrate_model(database.alias(), owner)
        is_held = getattr(field, "db_constraint", True) and field.target_field.primary_key
        if is_others and is_here and is_held:
            yield field


def keeps(key: models.ForeignKey[Any, Any]) -> bool:
    """Tell whether what this key refers to has to stay as long as it does."""
    on_delete = key.remote_field.on_delete
    return on_delete not in {models.SET_NULL, models.CASCADE, *_BY_THE_DATABASE}


def unreferred(model: type[models.Model], column: str) -> str:
    """Return a condition in SQL: no key that keeps it refers to the row of ``model`` with this id."""
    quote = connections[database.alias()].ops.quote_name
    conditions = [
        f"NOT EXISTS (SELECT FROM {quote(key.model._meta.db_table)} referring "
        f"WHERE referring.{quote(key.column)} = {column})"
        for key in keys_to(model)
        if keeps(key)
    ]
    return " AND ".join(conditions) or "true"


def let_go(model: type[models.Model], ids: Sequence[int]) -> None:
    """Do what other apps' keys say of rows of ``model`` that are about to be deleted (``on_delete``)."""
    for key in keys_to(model):
        referring = key.model._base_manager.using(database.alias()).filter(
            **{f"{key.name}__in": ids}
        )
        if key.remote_field.on_delete is models.SET_NULL:
            referring.update(**{key.name: None})
        elif key.remote_field.on_delete is models.CASCADE:
            referring.delete()
