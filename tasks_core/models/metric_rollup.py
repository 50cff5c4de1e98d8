"""What was counted in one minute."""

from __future__ import annotations

from django.db import models


class MetricRollup(models.Model):
    """The share that one minute has in a ``MetricTotal``; by the time of the events, not of the counting."""

    pk = models.CompositePrimaryKey("minute", "task_type", "measure", "bucket")
    minute = models.DateTimeField()
    task_type = models.CharField(max_length=200)
    measure = models.CharField(max_length=16)
    bucket = models.SmallIntegerField()
    count = models.BigIntegerField()
    amount = models.FloatField()

    def __str__(self) -> str:
        return f"{self.minute:%Y-%m-%d %H:%M} {self.task_type} {self.measure} [{self.bucket}]: {self.count}"
