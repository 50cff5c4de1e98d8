"""What has been counted since the beginning, for ever rising."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class MetricTotal(PlatformModel):
    """How often something happened to tasks of one type. The rollups of all minutes add up to it.

    ``measure`` is a kind of event or ``retries``. ``bucket`` counts the bounds of the measure's histogram
    that the value exceeds; -1 for what has no value.
    """

    task_type = models.CharField(max_length=200)
    measure = models.CharField(max_length=16)
    bucket = models.SmallIntegerField()
    count = models.BigIntegerField()
    amount = models.FloatField(help_text="Sum of the values: milliseconds, or retries.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("task_type", "measure", "bucket"), name="tasks_core_metrictotal_key"
            ),
        )

    def __str__(self) -> str:
        return f"{self.task_type} {self.measure} [{self.bucket}]: {self.count}"
