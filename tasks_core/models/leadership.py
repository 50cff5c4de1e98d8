"""Who does what only one beat need do."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class Leadership(PlatformModel):
    """A lease, by the clock of the database. Each new holder has a higher fence."""

    name = models.CharField(max_length=32, primary_key=True)
    holder = models.CharField(max_length=200)
    fence = models.BigIntegerField()
    expires_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "leaderships"

    def __str__(self) -> str:
        return f"{self.name}: {self.holder} ({self.fence})"
