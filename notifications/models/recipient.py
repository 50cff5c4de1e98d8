"""Somebody who gets notifications."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class Recipient(PlatformModel):
    """Known to callers by a key of theirs. Addresses and preferences are rows of their own.

    Rows are changed by ``notifications.people.recipients`` only.
    """

    key = models.CharField(
        max_length=150, unique=True, help_text="The caller's own id of the recipient: user-17."
    )
    locale = models.CharField(
        max_length=20, blank=True, help_text="Language tag such as de or pt-br; empty for any."
    )
    timezone = models.CharField(
        max_length=64,
        blank=True,
        help_text="IANA name, such as Europe/Berlin; empty for the installation's.",
    )
    quiet_hours = models.CharField(
        max_length=11,
        blank=True,
        help_text="Local times such as 22:00-08:00, or off; empty for the installation's.",
    )
    attributes = models.JSONField(
        default=dict, blank=True, help_text="Plain JSON of the caller's. Operators can see it."
    )
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("-id",)

    def __str__(self) -> str:
        return self.key
