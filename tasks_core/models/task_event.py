"""The immutable record of one transition."""

from __future__ import annotations

from django.db import models

from tasks_core.engine.states import EventKind


class TaskEvent(models.Model):
    """What happened to a task and when, written in the transaction that made it happen."""

    # No database constraint: the check would cost more than the insert, and both rows are written by
    # one statement.
    task = models.ForeignKey(
        "tasks_core.Task",
        on_delete=models.CASCADE,
        related_name="events",
        db_constraint=False,
        db_index=False,
    )
    kind = models.CharField(max_length=16, choices=[(k.value, k.value) for k in EventKind])
    attempt = models.IntegerField(default=0)
    at = models.DateTimeField()
    data = models.JSONField(null=True, blank=True)

    class Meta:
        ordering = ("id",)
        indexes = (models.Index(fields=("task", "id"), name="tasks_core_event_task"),)

    def __str__(self) -> str:
        return f"{self.kind} (task {self.task_id}, attempt {self.attempt})"
