"""A past range of a schedule that is run after all."""

from typing import ClassVar

from django.db import models

from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet


class BackfillQuerySet(PlatformQuerySet["Backfill"]):
    """Backfills, asked for in the words of the platform."""

    def at_work(self) -> "BackfillQuerySet":
        """Neither finished nor cancelled."""
        return self.filter(finished_at=None, cancelled_at=None)


class Backfill(PlatformModel):
    """What was asked for, and how far it has come."""

    class Order(models.TextChoices):
        """Which ticks come first."""

        OLDEST = "oldest", "Oldest first"
        NEWEST = "newest", "Newest first"

    class Reprocess(models.TextChoices):
        """Which ticks are run again that have been run before."""

        NONE = "none", "None"
        FAILED = "failed", "Those that failed"
        ALL = "all", "All"

    schedule = models.ForeignKey(
        "tasks_core.Schedule", on_delete=models.CASCADE, related_name="backfills"
    )
    start = models.DateTimeField()
    end = models.DateTimeField(help_text="Included.")
    order = models.CharField(max_length=8, choices=Order.choices, default=Order.OLDEST)
    reprocess = models.CharField(max_length=8, choices=Reprocess.choices, default=Reprocess.NONE)
    concurrency = models.PositiveIntegerField(
        default=1, help_text="At most so many of its tasks are unfinished at a time."
    )
    created_by = models.CharField(max_length=150, blank=True, default="")
    created_at = models.DateTimeField()
    position = models.DateTimeField(null=True, blank=True, help_text="The last tick looked at.")
    looked_at = models.PositiveIntegerField(default=0)
    enqueued = models.PositiveIntegerField(default=0)
    finished_at = models.DateTimeField(null=True, blank=True)
    cancelled_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = BackfillQuerySet.as_manager()

    class Meta:
        ordering = ("-id",)
        constraints = (readable("tasks_core_backfill", "start", "end"),)

    def __str__(self) -> str:
        return f"{self.schedule}: {self.start:%Y-%m-%d %H:%M} to {self.end:%Y-%m-%d %H:%M}"
