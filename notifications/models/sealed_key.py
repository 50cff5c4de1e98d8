"""A key of the installation's own, made by itself."""

from typing import ClassVar

from django.db import models

from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.sealed_column import SealedColumn


class SealedKey(PlatformModel):
    """Random bytes, encrypted with ENCRYPTION_KEYS: those may be rotated, and what was hashed stays valid."""

    sealed_columns: ClassVar = (SealedColumn(name="sealed", is_configuration=True),)

    name = models.CharField(max_length=50, unique=True)
    sealed = models.TextField(editable=False)
    created_at = models.DateTimeField()

    class Meta:
        """Nothing; without it that of the base would count as a change of the table."""

    def __str__(self) -> str:
        return self.name
