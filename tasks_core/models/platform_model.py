"""What all models of the platform have in common: where their rows are."""

from typing import ClassVar, TypeVar

from django.db import models

from tasks_core import database
from tasks_core.models.sealed_column import SealedColumn

Row = TypeVar("Row", bound=models.Model)


class PlatformQuerySet(models.QuerySet[Row]):
    """Reads where the platform writes, unless it is told otherwise (``using``).

    A replica is behind, and sees nothing of the transaction that asks: the platform decides by what it reads.
    """

    _db: str | None

    @property
    def db(self) -> str:
        """The alias of the database that is asked."""
        return self._db or database.alias()


class PlatformModel(models.Model):
    """A model whose rows, and those that other rows refer to, are read where they are written.

    One with more to say has an ``objects`` of its own, made from a ``PlatformQuerySet``.
    """

    sealed_columns: ClassVar[tuple[SealedColumn, ...]] = ()
    """What ``reseal_secrets`` seals anew: a column that is missing here dies with the key that sealed it."""

    objects = PlatformQuerySet.as_manager()

    class Meta:
        abstract = True
        base_manager_name = "objects"
