"""One attempt at a trigger's event: what was sent, and what came back."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class TriggerInvocation(PlatformModel):
    """Written together with the event's new status.

    ``request`` and ``response`` are capped and redacted (``notifications.triggers.logging``).
    """

    event = models.ForeignKey(
        "notifications.TriggerEvent",
        on_delete=models.CASCADE,
        related_name="invocations",
        db_constraint=False,
    )
    status = models.IntegerField(
        help_text="HTTP status; 1000 no response, 1001 unreadable response, 500 failed on our side."
    )
    request = models.JSONField()
    response = models.JSONField()
    duration = models.FloatField(null=True, blank=True, help_text="Seconds.")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("-id",)
        indexes = (models.Index(fields=("created_at",), name="notifications_trigcall_age"),)

    def __str__(self) -> str:
        return f"Invocation {self.pk}"
