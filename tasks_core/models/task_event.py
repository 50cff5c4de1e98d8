"""The immutable record of one transition."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import models

from tasks_core.engine.states import EventKind
from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.transaction_id import CurrentTransaction, TransactionIdField


class TaskEvent(PlatformModel):
    """What happened to a task and when, written by the statement that made it happen.

    The table is partitioned by ``at`` (``tasks_core.events.partitions``). Per task, the order of ``id`` is
    that in which its transitions were committed: the number is drawn under the lock of the task's row.
    """

    # No database constraint: the check would cost more than the insert, and both rows are written by
    # one statement. The events of a task stay when it is removed by age, until their partition goes.
    task = models.ForeignKey(
        "tasks_core.Task",
        on_delete=models.DO_NOTHING,
        related_name="events",
        db_constraint=False,
        db_index=False,
    )
    task_type = models.CharField(max_length=200)
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in EventKind])
    attempt = models.IntegerField(default=0)
    at = models.DateTimeField()
    duration = models.FloatField(
        null=True,
        blank=True,
        help_text="Seconds: how long an attempt ran; of started, how long the task was due before; "
        "of scheduled, how late its schedule made it.",
    )
    data = models.JSONField(null=True, blank=True)
    transaction_id = TransactionIdField(
        db_default=CurrentTransaction(), editable=False, help_text="Who sees it, and since when."
    )

    class Meta:
        ordering = ("id",)
        indexes = (
            models.Index(fields=("task", "id"), name="tasks_core_event_task"),
            models.Index(fields=("id",), name="tasks_core_event_id"),
            models.Index(fields=("transaction_id", "id"), name="tasks_core_event_transaction"),
            # Next to no work for a writer; lets a search skip what it is not about.
            BrinIndex(
                fields=("at", "task_type", "kind"),
                opclasses=("timestamptz_minmax_ops", "text_bloom_ops", "text_bloom_ops"),
                name="tasks_core_event_search",
                pages_per_range=32,
                autosummarize=True,
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} (task {self.task_id}, attempt {self.attempt})"
