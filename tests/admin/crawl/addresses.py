"""The addresses of the admin, from its own table of them, so that a new page is opened without a word."""

from collections.abc import Iterator

from django.contrib import admin
from django.contrib.admin.utils import quote
from django.db.models import Model
from django.urls import reverse

from tests.admin.crawl.everything import rows_of

OF_THE_SITE = ("index", "password_change", "password_change_done", "jsi18n", "login")


STEPPED = 2
"""Rows of a model of which every page is opened, not only the one that shows the row."""


def pages_of_the_site() -> Iterator[str]:
    """Yield the address of every page that is no model's."""
    for name in OF_THE_SITE:
        yield reverse(f"admin:{name}")
    for label in sorted({model._meta.app_label for model in admin.site._registry}):
        yield reverse("admin:app_list", kwargs={"app_label": label})


def pages_of(model: type[Model]) -> Iterator[str]:
    """Yield the address of every page of a model and of its rows."""
    rows = rows_of(model)
    for pattern in admin.site._registry[model].get_urls():
        if pattern.name is None:  # sends to the page of a row
            yield f"{list_of(model)}{quote(rows[0].pk)}/"
        elif "<" in str(pattern.pattern):
            shown = rows if pattern.name.endswith("_change") else rows[:STEPPED]
            yield from (reverse(f"admin:{pattern.name}", args=[quote(row.pk)]) for row in shown)
        else:
            yield reverse(f"admin:{pattern.name}")


def list_of(model: type[Model]) -> str:
    """Return the address of a model's list."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
