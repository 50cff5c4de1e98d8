"""A named trigger: calls a webhook at the times of a cron expression."""

from django.db import models

from notifications.models.webhook_call import WebhookCall

SCHEDULE_PREFIX = "trigger:"
"""Begins the name of the platform's schedule behind a trigger."""


class CronTrigger(WebhookCall):
    """Its ticks are kept by the platform's schedule of the name ``schedule_name``.

    What is delivered is taken from here at that moment, so that an edit holds for all that has not
    been delivered. Rows are changed by ``notifications.triggers`` only.
    """

    class MisfirePolicy(models.TextChoices):
        """What becomes of ticks that nobody fired in time."""

        FIRE_ALL = "fire_all", "Fire all"
        COALESCE = "coalesce", "Coalesce"
        SKIP = "skip", "Skip"

    class WhenDisabled(models.TextChoices):
        """What becomes of events that are due while the trigger is disabled."""

        CANCELLED = "cancelled", "Cancelled"
        DEAD = "dead", "Dead"

    name = models.CharField(max_length=150, unique=True)
    schedule = models.CharField(
        max_length=200, help_text="Cron of 5 fields, or of 6 with the seconds first."
    )
    timezone = models.CharField(
        max_length=64, default="UTC", help_text="IANA name, such as Europe/Berlin."
    )
    misfire_policy = models.CharField(
        max_length=10,
        choices=MisfirePolicy.choices,
        default=MisfirePolicy.FIRE_ALL,
        help_text="Missed ticks within the tolerance: fire all, the last one for all, or none.",
    )
    include_in_metadata = models.BooleanField(
        default=False, help_text="Part of what is exported with the project's metadata."
    )
    enabled = models.BooleanField(default=True)
    when_disabled = models.CharField(
        max_length=10,
        choices=WhenDisabled.choices,
        default=WhenDisabled.CANCELLED,
        help_text="What becomes of events that are due while it is disabled.",
    )
    disabled_reason = models.CharField(max_length=200, blank=True, default="", editable=False)
    disabled_at = models.DateTimeField(null=True, blank=True, editable=False)
    created_at = models.DateTimeField(editable=False)
    updated_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("name",)

    def __str__(self) -> str:
        return self.name

    @property
    def schedule_name(self) -> str:
        """Name of the platform's schedule behind it."""
        return f"{SCHEDULE_PREFIX}{self.name}"
