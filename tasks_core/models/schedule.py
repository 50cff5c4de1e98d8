"""When a task type is to run again and again, and what becomes of ticks that meet an obstacle."""

from datetime import datetime, timedelta
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from tasks_core.engine.schedule import FoldPolicy, GapPolicy, MisfirePolicy, OverlapPolicy
from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet
from tasks_core.models.sealed_column import SealedColumn
from tasks_core.priority import Priority


class ScheduleQuerySet(PlatformQuerySet["Schedule"]):
    """Schedules, asked for in the words of the platform."""

    def existing(self) -> "ScheduleQuerySet":
        """Not deleted."""
        return self.filter(deleted_at__isnull=True)

    def ticking(self) -> "ScheduleQuerySet":
        """Not deleted, and switched on."""
        return self.existing().filter(is_enabled=True)

    def paused(self) -> "ScheduleQuerySet":
        """Not deleted, and paused."""
        return self.existing().filter(paused_at__isnull=False)


class Schedule(PlatformModel):
    """A rule of time, a task type with its payload, and policies.

    Its ticks are rows of their own (``Occurrence``). A deleted schedule stays as long as they do.
    """

    class Kind(models.TextChoices):
        """What the expression is."""

        CRON = "cron", "Cron"
        INTERVAL = "interval", "Interval"
        ONCE = "once", "Once"
        SOLAR = "solar", "Solar"

    sealed_columns: ClassVar = (SealedColumn(name="payload", key="$sealed"),)

    name = models.CharField(max_length=200)
    description = models.TextField(blank=True, default="")
    task_type = models.CharField(max_length=200)
    payload = models.JSONField(default=dict, blank=True)

    kind = models.CharField(max_length=8, choices=Kind.choices, default=Kind.CRON)
    expression = models.CharField(
        max_length=200,
        help_text="Cron with five or six fields (seconds first), an interval such as “every 90 s”, "
        "or an instant.",
    )
    timezone = models.CharField(
        max_length=64, default="UTC", help_text="IANA name, such as Europe/Berlin."
    )
    matches_both_days = models.BooleanField(
        default=False, help_text="Day of month and day of week must both match, as in Celery."
    )
    anchor = models.DateTimeField(help_text="What an interval is counted from.")
    gap_policy = models.CharField(
        max_length=8, choices=[(p.value, p.value) for p in GapPolicy], default=GapPolicy.SHIFT.value
    )
    fold_policy = models.CharField(
        max_length=8,
        choices=[(p.value, p.value) for p in FoldPolicy],
        default=FoldPolicy.FIRST.value,
    )
    start_at = models.DateTimeField(null=True, blank=True)
    end_at = models.DateTimeField(null=True, blank=True, help_text="Included.")
    max_runs = models.PositiveIntegerField(null=True, blank=True)
    jitter = models.DurationField(
        default=timedelta(), help_text="Each tick is put off by less than this, always the same."
    )
    exclusions = models.JSONField(
        default=dict, blank=True, help_text="dates, date_ranges, periods and crons to leave out."
    )

    misfire_policy = models.CharField(
        max_length=10,
        choices=[(p.value, p.value) for p in MisfirePolicy],
        default=MisfirePolicy.RUN_ONCE.value,
    )
    misfire_grace = models.DurationField(
        default=timedelta(minutes=1), help_text="A tick no later than this is on time."
    )
    misfire_max_age = models.DurationField(null=True, blank=True)
    misfire_max_count = models.PositiveIntegerField(null=True, blank=True)
    overlap_policy = models.CharField(
        max_length=16,
        choices=[(p.value, p.value) for p in OverlapPolicy],
        default=OverlapPolicy.ALLOW.value,
    )

    queue_name = models.CharField(max_length=64)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    expires_after = models.DurationField(
        null=True, blank=True, help_text="No attempt begins so long after the tick was due."
    )
    retry_policy = models.ForeignKey(
        "tasks_core.RetryPolicy",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="schedules",
    )
    retry = models.JSONField(
        null=True, blank=True, help_text="A retry rule of this schedule alone."
    )
    tags = ArrayField(models.CharField(max_length=64), default=list, blank=True)

    is_enabled = models.BooleanField(default=True)
    paused_at = models.DateTimeField(null=True, blank=True)
    paused_by = models.CharField(max_length=150, blank=True, default="")
    pause_reason = models.CharField(max_length=200, blank=True, default="")
    resume_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)

    runs = models.PositiveIntegerField(default=0, help_text="Ticks that made a task.")
    generated_until = models.DateTimeField(help_text="The ledger holds every tick up to here.")
    refill_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When more upcoming ticks are wanted; empty: no more follow.",
    )
    next_fire_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    source = models.CharField(
        max_length=64, blank=True, default="", help_text="The row elsewhere that it mirrors."
    )

    objects: ClassVar = ScheduleQuerySet.as_manager()

    class Meta:
        ordering = ("name",)
        constraints = (
            models.UniqueConstraint(
                fields=("name",),
                condition=Q(deleted_at__isnull=True),
                name="tasks_core_schedule_name",
            ),
            models.UniqueConstraint(
                fields=("source",),
                condition=~Q(source="") & Q(deleted_at__isnull=True),
                name="tasks_core_schedule_source",
            ),
            models.CheckConstraint(
                condition=Q(priority__in=Priority.values), name="tasks_core_schedule_priority"
            ),
            readable("tasks_core_schedule", "anchor", "start_at", "end_at", "resume_at"),
        )
        indexes = (
            models.Index(
                fields=("next_fire_at",),
                condition=Q(next_fire_at__isnull=False),
                name="tasks_core_schedule_fire",
            ),
            models.Index(
                fields=("refill_at",),
                condition=Q(refill_at__isnull=False),
                name="tasks_core_schedule_refill",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def has_run_enough(self) -> bool:
        """Whether it has made as many tasks as it may."""
        return self.max_runs is not None and self.runs >= self.max_runs

    def is_paused_at(self, instant: datetime) -> bool:
        """Tell whether a tick of that instant falls into the pause."""
        if self.paused_at is None or instant < self.paused_at:
            return False
        return self.resume_at is None or instant < self.resume_at
