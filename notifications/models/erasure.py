"""That somebody has asked for a person to be erased."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class Erasure(PlatformModel):
    """Written where it was asked for, with the permission for it; the task that erases goes by this row.

    So nobody can have a person erased, nor say that somebody else did, by what is in a payload.
    """

    notification_id = models.BigIntegerField(help_text="Its receiver is erased.")
    asked_by = models.CharField(max_length=150)
    asked_at = models.DateTimeField()
