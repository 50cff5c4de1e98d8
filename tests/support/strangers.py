"""Models of another app that refer to rows of the platform, made for one test."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.apps import apps
from django.db import connection, models

OTHER = "auth"


@contextmanager
def model_with(
    key: "models.ForeignKey[Any, Any]", name: str = "Order"
) -> Iterator[type[models.Model]]:
    """Make a model with this foreign key as ``ref``, and its table, in an app of another name."""
    meta = type("Meta", (), {"app_label": OTHER})
    body = {"__module__": __name__, "Meta": meta, "ref": key}
    model: type[models.Model] = type(name, (models.Model,), body)
    try:
        with connection.schema_editor() as editor:
            editor.create_model(model)
        yield model
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'DROP TABLE IF EXISTS "{model._meta.db_table}"')
        del apps.all_models[OTHER][name.lower()]
        apps.clear_cache()
