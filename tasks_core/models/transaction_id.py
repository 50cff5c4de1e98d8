"""The transaction that wrote a row, as the database numbers it."""

from typing import Any

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper


class TransactionIdField(models.Field):  # type: ignore[type-arg] # not subscriptable at run time
    """PostgreSQL's ``xid8``: never reused, but numbered anew in a restored copy of the database."""

    description = "Transaction id"

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        """Return the type of the column."""
        return "xid8"

    def from_db_value(self, value: Any, *_: Any) -> int | None:
        """Return the number; the driver gives it as text."""
        return None if value is None else int(value)

    def get_prep_value(self, value: Any) -> str | None:
        """Return the number as text, which is what PostgreSQL casts to ``xid8``."""
        return None if value is None else str(value)


class CurrentTransaction(models.Func):
    """The transaction that the statement runs in."""

    function = "pg_current_xact_id"
    arity = 0
    output_field = TransactionIdField()
