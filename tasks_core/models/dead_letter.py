"""A task that ended in failure, with its evidence, waiting for a person."""

from typing import ClassVar

from django.db import models

from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet


class DeadLetterQuerySet(PlatformQuerySet["DeadLetter"]):
    """Dead letters, asked for in the words of the platform."""

    def unresolved(self) -> "DeadLetterQuerySet":
        """Neither replayed nor discarded."""
        return self.filter(resolution="")

    def unannounced(self) -> "DeadLetterQuerySet":
        """Not yet told to listeners on the broker."""
        return self.filter(announced_at__isnull=True)


class DeadLetter(PlatformModel):
    """The evidence of a failure that no further attempt will mend."""

    class Resolution(models.TextChoices):
        """How a person dealt with it."""

        REPLAYED = "replayed", "Replayed"
        DISCARDED = "discarded", "Discarded"

    task = models.OneToOneField(
        "tasks_core.Task", on_delete=models.CASCADE, related_name="dead_letter"
    )
    task_type = models.CharField(max_length=200)
    reason = models.CharField(max_length=200, help_text="Why no further attempt was made.")
    error = models.CharField(max_length=200, help_text="Class of the last exception.")
    message = models.TextField(blank=True, default="")
    traceback = models.TextField(blank=True, default="")
    fingerprint = models.CharField(
        max_length=40, help_text="Equal for failures of the same kind and place."
    )
    attempts = models.IntegerField()
    worker = models.CharField(max_length=200, blank=True, default="")
    versions = models.JSONField(default=dict, blank=True)
    created_at = models.DateTimeField()
    announced_at = models.DateTimeField(null=True, blank=True)

    resolution = models.CharField(max_length=10, choices=Resolution.choices, blank=True, default="")
    resolved_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, default="")
    replayed_as = models.OneToOneField(
        "tasks_core.Task",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="replayed_from",
    )

    objects: ClassVar = DeadLetterQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        indexes = (
            models.Index(fields=("resolution", "-created_at"), name="tasks_core_dead_open"),
            models.Index(fields=("task_type", "fingerprint"), name="tasks_core_dead_kind"),
            models.Index(
                fields=("id",),
                condition=models.Q(announced_at__isnull=True),
                name="tasks_core_dead_unannounced",
            ),
        )

    def __str__(self) -> str:
        return f"dead letter {self.pk} of {self.task_type} #{self.task_id}"
