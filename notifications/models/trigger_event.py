"""One call of a webhook that is to be made at a certain time: of a cron trigger, or one-off."""

import uuid
from typing import ClassVar

from django.db import models
from django.db.models import Q

from notifications.models.webhook_call import WebhookCall
from notifications.states import (
    TRIGGER_EVENT_FINAL,
    TRIGGER_EVENT_UNFINISHED,
    TriggerEventStatus,
)
from tasks_core.models.instants import readable
from tasks_core.models.platform_model import PlatformQuerySet


class TriggerEventQuerySet(PlatformQuerySet["TriggerEvent"]):
    """Events, asked for in the words of the app."""

    def unfinished(self) -> "TriggerEventQuerySet":
        """Those that may still be delivered."""
        return self.filter(status__in=TRIGGER_EVENT_UNFINISHED)

    def finished(self) -> "TriggerEventQuerySet":
        """Those that have ended."""
        return self.filter(status__in=TRIGGER_EVENT_FINAL)


class TriggerEvent(WebhookCall):
    """How far the call has come.

    A one-off event says itself what to call. An event of a cron trigger leaves those columns empty: it
    is delivered as its trigger says at that moment. Rows are changed by conditional updates only.
    """

    event_id = models.UUIDField(
        default=uuid.uuid4,
        unique=True,
        editable=False,
        help_text="Identity for the receiver, the same for every attempt.",
    )
    # The database cascades by itself, also for those who delete rows by hand (see the migration).
    trigger = models.ForeignKey(
        "notifications.CronTrigger",
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="events",
        db_constraint=False,
    )
    scheduled_time = models.DateTimeField(
        help_text="When it is to be delivered; lateness is measured from here."
    )
    status = models.CharField(
        max_length=10, choices=TriggerEventStatus.choices, default=TriggerEventStatus.SCHEDULED
    )
    tries = models.PositiveIntegerField(default=0)
    next_retry_at = models.DateTimeField(null=True, blank=True)
    waits_asked = models.PositiveIntegerField(
        default=0, help_text="How often the webhook asked for another try after the last one."
    )
    reason = models.CharField(
        max_length=200, blank=True, default="", help_text="Why it ended or waits, in words."
    )
    # The tasks are removed earlier than the events, so this is no foreign key.
    task_id = models.BigIntegerField(null=True, blank=True, editable=False)
    locked_at = models.DateTimeField(null=True, blank=True, editable=False)
    locked_by = models.PositiveIntegerField(
        default=0, editable=False, help_text="The attempt of its task that holds or held the lock."
    )
    losses = models.PositiveIntegerField(
        default=0, help_text="How often a worker was lost while it delivered."
    )
    redelivery_of = models.ForeignKey(
        "self",
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="redeliveries",
        db_constraint=False,
        editable=False,
    )
    replayed_by = models.BigIntegerField(
        null=True,
        blank=True,
        unique=True,
        editable=False,
        help_text="The replayed task that asked for this redelivery.",
    )
    created_at = models.DateTimeField(editable=False)
    finished_at = models.DateTimeField(null=True, blank=True, editable=False)

    objects: ClassVar = TriggerEventQuerySet.as_manager()

    class Meta:
        verbose_name = "scheduled event"
        ordering = ("-id",)
        constraints = (
            readable("notifications_triggerevent", "scheduled_time"),
            models.CheckConstraint(
                condition=Q(status__in=TriggerEventStatus.values),
                name="notifications_triggerevent_status",
            ),
            models.UniqueConstraint(
                fields=("trigger", "scheduled_time"),
                condition=Q(redelivery_of=None),
                name="notifications_triggerevent_tick",
            ),
        )
        indexes = (
            models.Index(fields=("scheduled_time", "event_id"), name="notifications_trigevt_order"),
            models.Index(
                fields=("trigger", "status", "scheduled_time"), name="notifications_trigevt_trigger"
            ),
            models.Index(
                fields=("status",),
                condition=Q(status__in=TRIGGER_EVENT_UNFINISHED),
                name="notifications_trigevt_open",
            ),
            models.Index(
                fields=("finished_at",),
                condition=Q(finished_at__isnull=False),
                name="notifications_trigevt_ended",
            ),
        )

    def __str__(self) -> str:
        return f"Event {self.event_id}"
