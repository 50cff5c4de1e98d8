"""What beat has counted in large tables, so that nobody else needs to."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class MetricSample(PlatformModel):
    """How many rows of a kind there were at one time; ``tasks_core.metrics.sampling`` takes all at once."""

    class Measure(models.TextChoices):
        """What was counted, and what ``label`` is."""

        PENDING = "pending", "Waiting for their time, by queue"
        DUE = "due", "Due and not handed to the broker, by queue"
        QUEUED = "queued", "Handed to the broker and not started, by queue"
        RUNNING = "running", "Running, by queue"
        DEAD_LETTERS = "dead_letters", "Unresolved dead letters, by task type"
        SAMPLING = "sampling", "Milliseconds that it took to count all these"

    measure = models.CharField(max_length=16, choices=Measure.choices)
    label = models.CharField(max_length=200, blank=True)
    priority = models.SmallIntegerField(default=-1, help_text="-1 where it does not matter.")
    value = models.BigIntegerField()
    sampled_at = models.DateTimeField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("measure", "label", "priority"), name="tasks_core_metricsample_key"
            ),
        )

    def __str__(self) -> str:
        return f"{self.measure} {self.label}: {self.value}"
