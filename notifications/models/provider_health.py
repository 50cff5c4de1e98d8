"""How a provider does, shared by all worker processes."""

from django.db import models

from tasks_core.engine.breaker import BreakerState
from tasks_core.models.platform_model import PlatformModel


class ProviderHealth(PlatformModel):
    """One row for each provider that has failed, asked for a pause or has a rate; written under its lock.

    Apart from the provider, because it changes with the messages. A provider without a row is well.
    """

    provider = models.OneToOneField(
        "notifications.Provider", primary_key=True, on_delete=models.CASCADE, related_name="health"
    )
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
    next_at = models.DateTimeField(null=True, help_text="When the rate allows the next message.")
    promised_at = models.DateTimeField(null=True)
    paused_until = models.DateTimeField(null=True)
    pauses = models.PositiveIntegerField(default=0, help_text="That it asked for in a row.")
    last_error = models.CharField(max_length=500, default="")
    last_error_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "provider health"

    def __str__(self) -> str:
        return f"Health of provider {self.provider_id}"
