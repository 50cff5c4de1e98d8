"""One try at one delivery: what was sent, what came back, how long it took."""

from django.db import models

from notifications.rules.outcome import Outcome
from tasks_core.models.platform_model import PlatformModel


class DeliveryAttempt(PlatformModel):
    """Written before the call and completed after it, so a lost worker leaves a trace.

    ``request`` and ``response`` are capped, and hold nothing of a secret notification's content.
    """

    delivery = models.ForeignKey(
        "notifications.Delivery",
        on_delete=models.CASCADE,
        related_name="attempt_log",
        db_index=False,  # the constraint has one
    )
    number = models.PositiveIntegerField(help_text="Counts from 1 within the delivery.")
    task_id = models.BigIntegerField(help_text="The task that made the attempt.")
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    outcome = models.CharField(
        max_length=16,
        blank=True,
        choices=[(outcome.value, outcome.value.capitalize()) for outcome in Outcome],
        help_text="Empty while the attempt is under way.",
    )
    status_code = models.IntegerField(null=True, blank=True, help_text="HTTP status or SMTP reply.")
    retry_after = models.FloatField(null=True, blank=True, help_text="Seconds, as asked.")
    error = models.TextField(blank=True)
    request = models.JSONField(default=dict, blank=True)
    response = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ("delivery", "number")
        constraints = (
            models.UniqueConstraint(
                fields=("delivery", "number"), name="notifications_attempt_number"
            ),
        )

    def __str__(self) -> str:
        return f"Attempt {self.number} of delivery {self.delivery_id}"
