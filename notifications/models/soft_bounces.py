"""How often messages to an address came back lately."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class SoftBounces(PlatformModel):
    """Counts within a window of time; a delivered message ends the count."""

    channel = models.CharField(max_length=20)
    address_hash = models.CharField(max_length=32)
    count = models.PositiveIntegerField(default=0)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "soft bounces"
        constraints = (
            models.UniqueConstraint(
                fields=("address_hash", "channel"), name="notifications_soft_bounces_key"
            ),
        )
        indexes = (models.Index(fields=("last_at",), name="notifications_soft_bounces_age"),)

    def __str__(self) -> str:
        return f"{self.count} soft bounces"
