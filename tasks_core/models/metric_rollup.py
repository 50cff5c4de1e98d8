"""What was counted in one minute."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class MetricRollup(PlatformModel):
    """The share that one minute has in a ``MetricTotal``; by the time of the events, not of the counting."""

    pk = models.CompositePrimaryKey("minute", "task_type", "measure", "bucket")
    minute = models.DateTimeField()
    task_type = models.CharField(max_length=200)
    measure = models.CharField(max_length=16)
    bucket = models.SmallIntegerField()
    count = models.BigIntegerField()
    amount = models.FloatField()

    class Meta:
        """Nothing; without it that of the base would count as a change of the table."""

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.task_type} {self.measure} [{self.bucket}]: {self.count}"
