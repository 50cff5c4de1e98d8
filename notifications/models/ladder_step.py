"""One step of a fallback ladder."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q

from notifications.models.address_index import address_index, is_address
from notifications.rules.fallback import StepState, Until
from tasks_core.models.platform_model import PlatformModel, PlatformQuerySet


class LadderStepQuerySet(PlatformQuerySet["LadderStep"]):
    """Steps, asked for in the words of the app."""

    def waiting(self) -> "LadderStepQuerySet":
        """Those that may still begin."""
        return self.filter(state=StepState.WAITING.value)

    def to_address(self, address: str) -> "LadderStepQuerySet":
        """Those to an address, in capitals or not, found by its index."""
        return self.filter(is_address(address))


def _choices(words: type[StepState] | type[Until]) -> list[tuple[str, Any]]:
    return [(word.value, word.value.capitalize()) for word in words]


class LadderStep(PlatformModel):
    """Where a notification goes if it was not received before; has a delivery once it has begun.

    Rows are changed by conditional updates only (``notifications.sending.pipeline.fallback``).
    """

    notification = models.ForeignKey(
        "notifications.Notification",
        on_delete=models.CASCADE,
        related_name="ladder_steps",
        db_index=False,
    )
    position = models.PositiveSmallIntegerField(help_text="Counts from 1.")
    channel = models.CharField(max_length=20)
    address = models.CharField(max_length=2048)
    endpoint = models.ForeignKey(
        "notifications.Endpoint",
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    template_version = models.ForeignKey(
        "notifications.TemplateVersion",
        on_delete=models.PROTECT,
        related_name="+",
        db_index=False,
        help_text="Pinned when the notification was accepted.",
    )
    segments = models.PositiveSmallIntegerField(default=1, help_text="Short messages it makes.")
    after = models.DurationField(
        null=True, blank=True, help_text="Wait after the step before; empty until that has failed."
    )
    until = models.CharField(
        max_length=10, choices=_choices(Until), help_text="What is waited for so long."
    )
    state = models.CharField(
        max_length=10, choices=_choices(StepState), default=StepState.WAITING.value
    )
    reason = models.CharField(max_length=200, blank=True, help_text="Why it began, or did not.")
    due_at = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(null=True, blank=True)
    delivery = models.OneToOneField(
        "notifications.Delivery",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="ladder_step",
    )

    objects: ClassVar = LadderStepQuerySet.as_manager()

    class Meta:
        ordering = ("notification", "position")
        constraints = (
            models.UniqueConstraint(
                fields=("notification", "position"), name="notifications_ladder_position"
            ),
            models.CheckConstraint(
                condition=Q(delivery=None) | Q(state=StepState.BEGUN.value),
                name="notifications_ladder_begun",
            ),
        )
        indexes = (models.Index(address_index("address"), name="notifications_ladder_address"),)

    def __str__(self) -> str:
        return f"step {self.position} of notification {self.notification_id}"
