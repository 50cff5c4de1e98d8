"""What has been measured of one task type."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class TaskTypeStatistics(PlatformModel):
    """The dispatcher sizes its batches by this."""

    task_type = models.CharField(max_length=200, primary_key=True)
    mean_runtime = models.FloatField(help_text="Seconds of one run, exponentially smoothed.")
    measured_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "task type statistics"

    def __str__(self) -> str:
        return f"{self.task_type}: {self.mean_runtime:.4f} s"
