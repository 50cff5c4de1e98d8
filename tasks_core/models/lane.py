"""What is known of one lane: a queue and a priority."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel
from tasks_core.priority import Priority


class Lane(PlatformModel):
    """How far the workers have come in a lane.

    A broker queue is first in, first out. So a task that was queued well before one that has been claimed
    should have been claimed too; if not, its message is lost.
    """

    queue_name = models.CharField(max_length=64)
    priority = models.SmallIntegerField(choices=Priority.choices)
    claimed_until = models.DateTimeField(
        help_text="Latest queued_at among the tasks that workers have claimed."
    )

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("queue_name", "priority"), name="tasks_core_lane_key"),
        )

    def __str__(self) -> str:
        return f"{self.queue_name}.{Priority(self.priority).name.lower()}"
