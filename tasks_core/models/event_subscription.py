"""How far a subscriber has come with the events."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class EventSubscription(PlatformModel):
    """The cursor of one subscriber, and what keeps it from moving.

    It has seen every event that ``snapshot`` sees. A window is under way while ``target_snapshot`` is set:
    of the events that only the latter sees, those up to the id ``after`` are delivered.
    """

    class State(models.TextChoices):
        """Whether it gets events."""

        ACTIVE = "active", "Active"
        PAUSED = "paused", "Paused"
        PARKED = "parked", "Parked"

    name = models.CharField(max_length=100, unique=True)
    state = models.CharField(max_length=6, choices=State.choices, default=State.ACTIVE)
    created_at = models.DateTimeField()

    snapshot = models.TextField(help_text="As pg_current_snapshot() writes it.")
    floor = models.BigIntegerField(
        help_text="The highest id when snapshot was taken: what began after has a higher one."
    )
    target_snapshot = models.TextField(null=True, blank=True)  # noqa: DJ001 NULL: no window
    target_floor = models.BigIntegerField(null=True, blank=True)
    ceiling = models.BigIntegerField(
        null=True, blank=True, help_text="No event that target_snapshot sees has a higher id."
    )
    after = models.BigIntegerField(default=0)
    unfinished = models.TextField(
        blank=True,
        default="",
        help_text="Transactions that were under way when a replay began, separated by commas.",
    )

    fence = models.BigIntegerField(default=0)
    holder = models.CharField(max_length=200, blank=True, default="")
    lease_until = models.DateTimeField(null=True, blank=True)
    claimed_at = models.DateTimeField(null=True, blank=True)

    failures = models.IntegerField(default=0, help_text="In a row.")
    retry_at = models.DateTimeField(null=True, blank=True)
    error = models.TextField(blank=True, default="")
    delivered = models.BigIntegerField(default=0, help_text="Events, repeated ones included.")
    last_event_at = models.DateTimeField(null=True, blank=True)
    advanced_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name = "subscriber"
        ordering = ("name",)

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"
