"""How often alerts may go out."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class AlertLimit(PlatformModel):
    """When a subscriber last sent an alert about a kind of event of a task type, and what it kept back.

    ``notifications.events.alert`` keeps it.
    """

    subscriber = models.CharField(max_length=100)
    kind = models.CharField(max_length=16)
    task_type = models.CharField(max_length=200)
    alerted_at = models.DateTimeField(null=True, blank=True)
    kept_back = models.BigIntegerField(default=0, help_text="Events since then.")

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("subscriber", "kind", "task_type"), name="notifications_alert_limit_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.subscriber}: {self.kind} {self.task_type}"
