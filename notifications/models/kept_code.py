"""A one-time code that may be sent again while it is valid."""

from typing import ClassVar

from django.db import models

from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.sealed_column import SealedColumn


class KeptCode(PlatformModel):
    """The sealed secret of a notification that was asked for with ``resends``.

    The notification's own copy is wiped when it has ended; this one when the code has expired, was
    used, cancelled or superseded (``notifications.codes``).
    """

    sealed_columns: ClassVar = (SealedColumn(name="sealed"),)

    notification = models.OneToOneField(
        "notifications.Notification",
        primary_key=True,
        on_delete=models.CASCADE,
        related_name="kept_code",
    )
    sealed = models.TextField(editable=False)
    expires_at = models.DateTimeField()
    resends_left = models.PositiveIntegerField()
    last_sent_at = models.DateTimeField()

    class Meta:
        constraints = (readable("notifications_keptcode", "expires_at"),)
        indexes = (models.Index(fields=("expires_at",), name="notifications_code_expired"),)

    def __str__(self) -> str:
        return f"Code of notification {self.pk}"
