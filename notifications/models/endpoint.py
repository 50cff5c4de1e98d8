"""A receiver of webhooks: its address and the secrets that sign what it gets."""

from typing import ClassVar

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models

from tasks_core.models.platform_model import PlatformModel
from tasks_core.models.sealed_column import SealedColumn

MIN_RATE = 0.001
MIN_PAUSE = 0.1


class Endpoint(PlatformModel):
    """One webhook receiver. Its secrets are sealed and are never shown again."""

    sealed_columns: ClassVar = (SealedColumn(name="secrets", key="sealed", is_configuration=True),)

    name = models.CharField(max_length=100, unique=True, help_text="Who receives, for people.")
    url = models.CharField(max_length=2048, help_text="Where requests go; https unless allowed.")
    secrets = models.JSONField(
        default=list,
        editable=False,
        help_text="Sealed signing secrets, newest first, each with the instant it retires.",
    )
    enabled = models.BooleanField(default=True)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    disabled_reason = models.CharField(max_length=200, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    owner_email = models.EmailField(
        blank=True, help_text="Who is told when the endpoint is disabled by itself."
    )
    max_concurrency = models.PositiveIntegerField(
        default=20,
        validators=[MinValueValidator(1)],
        help_text="Attempts under way at once, over all workers.",
    )
    rate_limit = models.FloatField(
        null=True,
        blank=True,
        validators=[MinValueValidator(MIN_RATE)],
        help_text="Attempts a second, over all workers; empty for no limit.",
    )
    breaker_threshold = models.PositiveIntegerField(
        default=10,
        validators=[MinValueValidator(1)],
        help_text="Failures in a row after which nothing is sent for a while.",
    )
    breaker_pause = models.FloatField(
        default=30.0,
        validators=[MinValueValidator(MIN_PAUSE), MaxValueValidator(86_400.0)],
        help_text="Seconds of that, doubled each time the endpoint still fails, up to an hour.",
    )

    class Meta:
        ordering = ("name",)
        indexes = (models.Index(fields=("url",), name="notifications_endpoint_url"),)
        constraints = (
            models.CheckConstraint(
                condition=models.Q(max_concurrency__gte=1)
                & models.Q(breaker_threshold__gte=1)
                & models.Q(breaker_pause__gte=MIN_PAUSE)
                & (models.Q(rate_limit=None) | models.Q(rate_limit__gte=MIN_RATE)),
                name="notifications_endpoint_lane_limits",
            ),
        )

    def __str__(self) -> str:
        return self.name
