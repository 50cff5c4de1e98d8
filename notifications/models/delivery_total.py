"""How many attempts to deliver have ended, and how: what the metrics add up."""

from django.db import models

from notifications.rules.outcome import Outcome
from tasks_core.models.platform_model import PlatformModel


class DeliveryTotal(PlatformModel):
    """A part of the count for one channel and outcome.

    Each total is spread over several rows, so that workers do not wait for each other to count.
    """

    channel = models.CharField(max_length=20)
    outcome = models.CharField(
        max_length=16, choices=[(outcome.value, outcome.value.capitalize()) for outcome in Outcome]
    )
    shard = models.PositiveSmallIntegerField()
    count = models.BigIntegerField()

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("channel", "outcome", "shard"), name="notifications_delivery_total"
            ),
        )

    def __str__(self) -> str:
        return f"{self.channel} {self.outcome} ({self.shard})"
