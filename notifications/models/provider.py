"""An account with a company that carries messages: an SMS gateway, a bot, a push key."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from notifications.models.endpoint import MIN_PAUSE, MIN_RATE
from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.sealed_column import SealedColumn


class Provider(PlatformModel):
    """Where a channel's messages are handed over. Its credentials are sealed and never shown again.

    A channel tries its enabled providers in the order of ``position``; a later one only when the
    earlier ones cannot take a message now (``notifications.sending.providers.failover``).
    """

    sealed_columns: ClassVar = (SealedColumn(name="credentials", is_configuration=True),)

    name = models.CharField(max_length=100, unique=True, help_text="For people, such as sms-main.")
    channel = models.CharField(max_length=20, help_text="The channel that it carries.")
    kind = models.CharField(max_length=40, help_text="Whose interface it speaks, such as twilio.")
    base_url = models.CharField(
        max_length=2048, blank=True, help_text="Where its interface is; empty for the usual place."
    )
    options = models.JSONField(default=dict, blank=True, help_text="What is not secret, by name.")
    credentials = models.TextField(editable=False, help_text="Sealed JSON.")
    position = models.IntegerField(default=0, help_text="Lower ones are tried first.")
    enabled = models.BooleanField(default=True)
    created_at = models.DateTimeField(editable=False)
    rate_limit = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(MIN_RATE)],
        help_text="Messages a second, over all workers; empty for no limit.",
    )
    breaker_threshold = models.PositiveIntegerField(
        default=5,
        validators=[MinValueValidator(1)],
        help_text="Failures in a row after which nothing is handed to it for a while.",
    )
    breaker_pause = models.FloatField(
        default=30.0,
        validators=[MinValueValidator(MIN_PAUSE), MaxValueValidator(86_400.0)],
        help_text="Seconds of that, doubled each time it still fails, up to an hour.",
    )

    class Meta:
        ordering = ("channel", "position", "pk")
        constraints = (
            models.CheckConstraint(
                condition=models.Q(breaker_threshold__gte=1)
                & models.Q(breaker_pause__gte=MIN_PAUSE)
                & (models.Q(rate_limit=None) | models.Q(rate_limit__gte=MIN_RATE)),
                name="notifications_provider_limits",
            ),
        )

    def __str__(self) -> str:
        return self.name
