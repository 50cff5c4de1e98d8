"""Who may tell us what became of messages: a provider, or something between it and us."""

from typing import ClassVar

from django.core.validators import RegexValidator
from django.db import models

from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.sealed_column import SealedColumn

NAME_PATTERN = r"^[a-z0-9][a-z0-9-]*$"


class EventSource(PlatformModel):
    """One sender of signed events. Its secrets are sealed and are never shown again."""

    sealed_columns: ClassVar = (SealedColumn(name="secrets", key="sealed", is_configuration=True),)

    name = models.CharField(
        max_length=50,
        unique=True,
        validators=[RegexValidator(NAME_PATTERN, "Use lower-case letters, digits and dashes.")],
        help_text="Part of the address that it posts to.",
    )
    channel = models.CharField(max_length=20, help_text="The channel that its events are about.")
    secrets = models.JSONField(
        default=list,
        editable=False,
        help_text="Sealed signing secrets, newest first, each with the instant it retires.",
    )
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name
