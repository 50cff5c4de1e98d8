"""What is left of the events of a task once their partitions are gone."""

from django.db import models

from tasks_core.engine.states import State
from tasks_core.models.platform_model import PlatformModel


class TaskHistory(PlatformModel):
    """The summary of a task's old events; those that are still stored are not in it.

    It is enough to go on deriving from (``tasks_core.engine.derivation``), and outlives its task a while.
    """

    task_id = models.BigIntegerField(primary_key=True)
    task_type = models.CharField(max_length=200)
    first_at = models.DateTimeField(help_text="When the first of these events happened.")
    last_at = models.DateTimeField(help_text="When the last of these events happened.")
    state = models.CharField(  # noqa: DJ001 None: none of these events changed the state
        max_length=10,
        null=True,
        blank=True,
        choices=[(s.value, s.value.capitalize()) for s in State],
        help_text="What the last of these events led to.",
    )
    state_event_id = models.BigIntegerField(
        default=0, help_text="The event that led to the state; later ones have larger ids."
    )
    attempts = models.IntegerField(default=0)
    attempts_returned = models.IntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    counts = models.JSONField(default=dict, help_text="How many events of each kind.")
    error = models.TextField(blank=True, default="", help_text="The last failure, in one line.")
    failed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "task histories"
        indexes = (models.Index(fields=("last_at",), name="tasks_core_history_last"),)

    def __str__(self) -> str:
        return f"history of task {self.task_id}"
