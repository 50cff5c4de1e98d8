"""An address that is itself a secret, known to callers by a name."""

from typing import ClassVar

from django.db import models

from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.sealed_column import SealedColumn


class Destination(PlatformModel):
    """A chat room's webhook, a browser's push subscription, an Apprise URL: whoever knows it can send.

    So it is sealed, and notifications and deliveries carry only its name.
    """

    sealed_columns: ClassVar = (SealedColumn(name="sealed", is_configuration=True),)

    channel = models.CharField(max_length=20)
    name = models.CharField(max_length=100, help_text="What callers give as to=...")
    sealed = models.TextField(editable=False, help_text="Sealed JSON.")
    hint = models.CharField(
        max_length=200, blank=True, editable=False, help_text="The part of it that is no secret."
    )
    enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("channel", "name")
        constraints = (
            models.UniqueConstraint(
                fields=("channel", "name"), name="notifications_destination_name"
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.name}"
