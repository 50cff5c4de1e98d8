"""What a recipient wants, and what not."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class Preference(PlatformModel):
    """On or off, for a category or any, on a channel or any. The most specific one decides.

    The category is kept as its key, so that a category which only callers know can be switched off too.
    """

    recipient = models.ForeignKey(
        "notifications.Recipient", on_delete=models.CASCADE, related_name="preferences"
    )
    category = models.CharField(max_length=64, blank=True, help_text="Empty for any.")
    channel = models.CharField(max_length=20, blank=True, help_text="Empty for any.")
    enabled = models.BooleanField()
    source = models.CharField(max_length=50, blank=True, help_text="Who said so.")
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ("category", "channel")
        constraints = (
            models.UniqueConstraint(
                fields=("recipient", "category", "channel"), name="notifications_preference_key"
            ),
        )

    def __str__(self) -> str:
        return f"{self.category or 'any'} by {self.channel or 'any'}: {self.enabled}"
