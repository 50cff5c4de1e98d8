"""Rows are read together; if one of them cannot be read, each is read by itself, and the others are there."""

from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

from django.db import models
from django.db.models import QuerySet

from tasks_core.database.errors import is_servers_fault

Row = TypeVar("Row", bound=models.Model)


@dataclass(slots=True)
class Rows(Generic[Row]):
    """What was read.

    Attributes:
        sound: in the order that was asked for.
        unreadable: keys of the others, and what is wrong with each.
    """

    sound: list[Row] = field(default_factory=list)
    unreadable: dict[Any, Exception] = field(default_factory=dict)


def read_rows(rows: QuerySet[Row], *, limit: int | None = None) -> Rows[Row]:
    """Read rows, of which any may hold what Python cannot: an instant beyond its calendar, a number too long.

    It is the client that cannot read them, so a transaction goes on after that.

    Raises:
        django.db.Error: the database is to blame.
    """
    found: Rows[Row] = Rows()
    try:
        found.sound = list(rows[:limit])
        return found
    except Exception as error:
        if is_servers_fault(error):
            raise
    for key in list(rows.values_list("pk", flat=True)[:limit]):
        try:
            found.sound += rows.filter(pk=key)
        except Exception as error:
            if is_servers_fault(error):
                raise
            found.unreadable[key] = error
    return found


def what_is_wrong(error: Exception) -> str:
    """Return why a row cannot be read."""
    words = "; ".join(getattr(error, "messages", [])) or str(error)
    return f"this process cannot read it: {words}"
