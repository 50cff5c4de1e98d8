"""What is known of a row of django-celery-beat, and the schedule that mirrors it."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class PeriodicTaskMirror(PlatformModel):
    """One row for each ``PeriodicTask`` that has been looked at.

    There is no foreign key to it: django-celery-beat need not be installed, and whoever deletes its rows
    must not have to wait for this table.
    """

    periodic_task_id = models.BigIntegerField(primary_key=True)
    digest = models.BigIntegerField(null=True, help_text="Of its contents; empty: look again.")
    schedule = models.OneToOneField(
        "tasks_core.Schedule",
        null=True,
        on_delete=models.SET_NULL,
        related_name="periodic_task_mirror",
    )
    counted_runs = models.PositiveIntegerField(
        default=0, help_text="Runs of the schedule that its total_run_count includes."
    )
    problem = models.TextField(default="", help_text="Why it cannot be a schedule as it is.")

    class Meta:
        verbose_name = "mirror of a periodic task"
        verbose_name_plural = "mirrors of periodic tasks"

    def __str__(self) -> str:
        return f"periodic task {self.periodic_task_id}"
