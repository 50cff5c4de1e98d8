"""One durable task: the row that is the truth."""

from datetime import datetime
from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q

from tasks_core.engine.states import FINAL, NOT_STARTED, UNFINISHED, WAITING, State
from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet
from tasks_core.models.sealed_column import SealedColumn
from tasks_core.priority import Priority


class TaskQuerySet(PlatformQuerySet["Task"]):
    """Tasks, asked for in the words of the platform."""

    def waiting(self) -> "TaskQuerySet":
        """Not yet handed to the broker."""
        return self.filter(state__in=sorted(WAITING))

    def due(self, now: datetime) -> "TaskQuerySet":
        """Waiting, and their time has come."""
        return self.waiting().filter(run_after__lte=now)

    def overdue(self, now: datetime) -> "TaskQuerySet":
        """Not begun although their time has come, whether or not they were handed to the broker."""
        # Two conditions, because each has an index of its own.
        waiting = Q(state__in=sorted(WAITING), run_after__lte=now)
        return self.filter(waiting | Q(state=State.QUEUED, run_after__lte=now))

    def unfinished(self) -> "TaskQuerySet":
        """Not in a final state."""
        return self.filter(state__in=sorted(UNFINISHED))

    def finished(self) -> "TaskQuerySet":
        """In a final state."""
        return self.filter(state__in=sorted(FINAL))

    def expired(self, now: datetime) -> "TaskQuerySet":
        """Past ``expires_at`` with no attempt under way."""
        return self.filter(state__in=sorted(NOT_STARTED), expires_at__lte=now)

    def lease_over(self, now: datetime) -> "TaskQuerySet":
        """RUNNING, but nobody has renewed the lease."""
        return self.filter(state=State.RUNNING, lease_until__lt=now)


class Task(PlatformModel):
    """A task type, a payload, when, how urgent, and its state.

    Rows are changed only by conditional updates that name the state they leave (``tasks_core.sql``).
    """

    sealed_columns: ClassVar = (SealedColumn(name="payload", key="$sealed"),)

    task_type = models.CharField(max_length=200)
    queue_name = models.CharField(max_length=64)
    priority = models.SmallIntegerField(choices=Priority.choices, default=Priority.NORMAL)
    state = models.CharField(
        max_length=10,
        choices=[(s.value, s.value.capitalize()) for s in State],
        default=State.SCHEDULED,
    )
    payload = models.JSONField(default=dict)

    run_after = models.DateTimeField()
    expires_at = models.DateTimeField(
        null=True, blank=True, help_text="No attempt begins from then on."
    )
    enqueued_at = models.DateTimeField()
    queued_at = models.DateTimeField(null=True, blank=True)
    started_at = models.DateTimeField(
        null=True, blank=True, help_text="When the first attempt began."
    )
    last_attempted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    attempts = models.IntegerField(
        default=0,
        help_text="Executions begun; with the id it fences the worker that owns the task.",
    )
    attempts_returned = models.IntegerField(
        default=0, help_text="Executions that do not count: snoozed, handed back, lost in company."
    )
    isolated = models.BooleanField(
        default=False, help_text="Runs in a batch of its own, because its process died once."
    )
    claimed_with = models.SmallIntegerField(
        null=True, blank=True, help_text="Size of the batch it was claimed in."
    )
    lease_until = models.DateTimeField(null=True, blank=True)
    worker = models.CharField(max_length=200, blank=True, default="")

    retry_policy = models.ForeignKey(
        "tasks_core.RetryPolicy",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="tasks",
        db_index=False,
    )
    retry = models.JSONField(null=True, blank=True, help_text="A retry rule of this task alone.")

    progress = models.JSONField(null=True, blank=True, help_text="done, total, note.")
    checkpoint = models.JSONField(
        null=True, blank=True, help_text="Where the next attempt resumes."
    )
    result = models.JSONField(null=True, blank=True)
    error = models.TextField(blank=True, default="", help_text="The last failure, in one line.")

    idempotency_key = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001
    unique_key = models.CharField(  # noqa: DJ001 NULL keeps it out of the unique index
        max_length=320, null=True, blank=True
    )
    unique_until = models.CharField(  # noqa: DJ001
        max_length=8,
        null=True,
        blank=True,
        help_text="The transition that frees unique_key: started or finished. Empty: never.",
    )
    correlation_id = models.CharField(max_length=128, blank=True, default="")
    traceparent = models.CharField(  # noqa: DJ001 empty for nearly all rows, and NULL takes no room
        max_length=55, null=True, blank=True, help_text="The span that enqueued it."
    )
    tags = ArrayField(models.CharField(max_length=64), default=list, blank=True)
    replay_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="replays",
        db_index=False,
    )

    # The schedule may be deleted before the task is, so this is no foreign key.
    schedule_id = models.BigIntegerField(null=True, blank=True)
    scheduled_for = models.DateTimeField(
        null=True, blank=True, help_text="The tick of its schedule, as intended."
    )
    terminated = models.BooleanField(
        default=False,
        db_default=False,
        help_text="Cancelled without a grace time: its process is ended.",
    )

    objects: ClassVar = TaskQuerySet.as_manager()

    @property
    def first_started_at(self) -> datetime | None:
        """When its first attempt began; ``started_at`` is when a worker took it, maybe with others."""
        return self.last_attempted_at if self.attempts == 1 else self.started_at

    class Meta:
        ordering = ("-id",)
        constraints = (
            models.CheckConstraint(
                condition=Q(state__in=[s.value for s in State]), name="tasks_core_task_state"
            ),
            # A lane has a name for these only, and one row without a lane would stop its dispatcher.
            models.CheckConstraint(
                condition=Q(priority__in=Priority.values), name="tasks_core_task_priority"
            ),
            readable("tasks_core_task", "run_after", "expires_at", "scheduled_for"),
            models.UniqueConstraint(
                fields=("unique_key",),
                condition=Q(unique_key__isnull=False),
                name="tasks_core_task_unique_key",
            ),
        )
        indexes = (
            models.Index(
                fields=("queue_name", "priority", "run_after", "id"),
                condition=Q(state__in=("SCHEDULED", "RETRYING")),
                name="tasks_core_task_waiting",
            ),
            # Few, and counted apart from the many that wait: only what is tried again writes to it.
            models.Index(
                fields=("run_after",),
                condition=Q(state="RETRYING"),
                name="tasks_core_task_retrying",
            ),
            models.Index(
                fields=("queued_at",), condition=Q(state="QUEUED"), name="tasks_core_task_queued"
            ),
            models.Index(
                fields=("lease_until",), condition=Q(state="RUNNING"), name="tasks_core_task_lease"
            ),
            models.Index(
                fields=("expires_at",),
                condition=Q(
                    state__in=("SCHEDULED", "RETRYING", "QUEUED"), expires_at__isnull=False
                ),
                name="tasks_core_task_expiry",
            ),
            models.Index(
                fields=("state", "finished_at"),
                condition=Q(finished_at__isnull=False),
                name="tasks_core_task_finished",
            ),
            models.Index(
                fields=("correlation_id",),
                condition=~Q(correlation_id=""),
                name="tasks_core_task_correlation",
            ),
            # For the foreign keys: a row is removed without a look at the whole table.
            models.Index(
                fields=("replay_of",),
                condition=Q(replay_of__isnull=False),
                name="tasks_core_task_replay_of",
            ),
            models.Index(
                fields=("retry_policy",),
                condition=Q(retry_policy__isnull=False),
                name="tasks_core_task_policy",
            ),
            models.Index(
                fields=("schedule_id",),
                condition=Q(schedule_id__isnull=False)
                & Q(state__in=("SCHEDULED", "QUEUED", "RUNNING", "RETRYING")),
                name="tasks_core_task_schedule",
            ),
            GinIndex(fields=("tags",), condition=~Q(tags=[]), name="tasks_core_task_tags"),
        )

    def __str__(self) -> str:
        return f"{self.task_type} #{self.pk} ({self.state})"

    @property
    def attempts_used(self) -> int:
        """Attempts that count against the retry policy."""
        return self.attempts - self.attempts_returned

    @property
    def is_finished(self) -> bool:
        """Whether the state is final."""
        return State(self.state) in FINAL
