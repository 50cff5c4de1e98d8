"""The state of an endpoint's lane, shared by all worker processes."""

from django.db import models

from tasks_core.engine.breaker import BreakerState
from tasks_core.models.platform_model import PlatformModel


class EndpointLane(PlatformModel):
    """One row for each endpoint that has been sent to; written under a row lock only.

    Apart from the endpoint, because it changes with every batch of attempts.
    """

    endpoint = models.OneToOneField(
        "notifications.Endpoint", primary_key=True, on_delete=models.CASCADE, related_name="lane"
    )
    taken = models.JSONField(default=dict, help_text="Attempts under way, by when they began.")
    breaker = models.CharField(
        max_length=10,
        choices=[
            (state.value, state.value.replace("_", " ").capitalize()) for state in BreakerState
        ],
        default=BreakerState.CLOSED.value,
    )
    failures = models.PositiveIntegerField(default=0, help_text="In a row.")
    openings = models.PositiveIntegerField(default=0)
    breaker_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(null=True, help_text="When the rate allows the next attempt.")
    promised_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    failing_since = models.DateTimeField(null=True)
    last_error = models.CharField(max_length=500, default="")
    last_error_at = models.DateTimeField(null=True)
    has_parked = models.BooleanField(default=False)

    class Meta:
        indexes = (
            models.Index(
                fields=("endpoint",),
                condition=models.Q(has_parked=True),
                name="notifications_lane_parked",
            ),
        )

    def __str__(self) -> str:
        return f"Lane of endpoint {self.endpoint_id}"
