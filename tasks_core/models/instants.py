"""Instants of a table that everybody can read, whoever has written them."""

from django.db import models
from django.db.models import Q

from tasks_core.engine.instants import EARLIEST, LATEST


def readable(table: str, *columns: str) -> models.CheckConstraint:
    """Keep instants out that PostgreSQL stores and Python cannot read, or that no clock shows in every zone.

    A row that cannot be read would fail whoever asks for it and its neighbours: a dispatcher, a list, a page.
    The doors refuse such an instant in words; this is for whoever writes past them.
    """
    condition = Q()
    for column in columns:
        condition &= Q(**{f"{column}__gte": EARLIEST, f"{column}__lt": LATEST})
        # CHECK takes NULL for true in a column that may be empty.
    return models.CheckConstraint(condition=condition, name=f"{table}_instants")
