"""One tick of a schedule and what became of it: the ledger."""

from datetime import datetime
from typing import ClassVar

from django.db import models
from django.db.models import Q

from tasks_core.engine.schedule import TickOutcome
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet


class OccurrenceQuerySet(PlatformQuerySet["Occurrence"]):
    """Occurrences, asked for in the words of the platform."""

    def upcoming(self) -> "OccurrenceQuerySet":
        """Not decided yet."""
        return self.filter(outcome=TickOutcome.UPCOMING)

    def buffered(self) -> "OccurrenceQuerySet":
        """Waiting for the end of the one before."""
        return self.filter(outcome=TickOutcome.BUFFERED)

    def overdue(self, now: datetime) -> "OccurrenceQuerySet":
        """Not decided, and their time has come."""
        return self.upcoming().filter(fire_at__lte=now)

    def count_by_schedule(self) -> dict[int, int]:
        """Return how many each schedule has that has any."""
        counts = self.order_by().values_list("schedule_id").annotate(count=models.Count("id"))
        return dict(counts)


class Occurrence(PlatformModel):
    """One row for each (schedule, due time). It is decided once, under a lock of its schedule."""

    class Kind(models.TextChoices):
        """Where it comes from."""

        TICK = "tick", "Tick"
        MANUAL = "manual", "By hand"
        BACKFILL = "backfill", "Backfill"

    schedule = models.ForeignKey(
        "tasks_core.Schedule", on_delete=models.CASCADE, related_name="occurrences", db_index=False
    )
    due = models.DateTimeField()
    fire_at = models.DateTimeField(help_text="The due time and the jitter.")
    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.TICK)
    outcome = models.CharField(
        max_length=16,
        choices=[(o.value, o.value.replace("_", " ")) for o in TickOutcome],
        default=TickOutcome.UPCOMING.value,
    )
    reason = models.CharField(max_length=200, blank=True, default="")
    # The ledger outlives the tasks, so this is no foreign key.
    task_id = models.BigIntegerField(null=True, blank=True)
    backfill = models.ForeignKey(
        "tasks_core.Backfill",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="occurrences",
        db_index=False,
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar = OccurrenceQuerySet.as_manager()

    class Meta:
        ordering = ("-due", "-id")
        constraints = (
            models.UniqueConstraint(fields=("schedule", "due"), name="tasks_core_occurrence_tick"),
        )
        indexes = (
            models.Index(
                fields=("schedule", "fire_at"),
                condition=Q(outcome="upcoming"),
                name="tasks_core_occurrence_upcoming",
            ),
            models.Index(
                fields=("fire_at",),
                condition=Q(outcome="buffered"),
                name="tasks_core_occurrence_buffered",
            ),
            models.Index(fields=("due", "id"), name="tasks_core_occurrence_due"),
            models.Index(
                fields=("backfill",),
                condition=Q(backfill__isnull=False),
                name="tasks_core_occurrence_backfill",
            ),
        )

    def __str__(self) -> str:
        return f"{self.schedule_id} at {self.due:%Y-%m-%d %H:%M:%S} ({self.outcome})"
