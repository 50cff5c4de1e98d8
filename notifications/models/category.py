"""What kind of message it is: what people switch off, and what quiet hours do to it."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models

from tasks_core.models.platform_model import PlatformModel

KEY_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"


class Category(PlatformModel):
    """One node of a tree. Notifications name it by its key."""

    class QuietHours(models.TextChoices):
        """What becomes of a message that is due in its recipient's quiet hours."""

        DEFER = "defer", "Wait until they end"
        DROP = "drop", "Do not send it"
        DIGEST = "digest", "Wait, and send together with others"
        SEND = "send", "Send it all the same"

    key = models.CharField(
        max_length=64,
        unique=True,
        validators=[
            RegexValidator(
                KEY_PATTERN, "Use lower-case letters, digits, dots, dashes, underscores."
            )
        ],
        help_text="What callers give to notify(category=...), for example billing.reminders.",
    )
    name = models.CharField(max_length=100, blank=True, help_text="What recipients read.")
    description = models.CharField(max_length=300, blank=True, help_text="For recipients, too.")
    parent = models.ForeignKey(
        "self", null=True, blank=True, on_delete=models.PROTECT, related_name="children"
    )
    is_critical = models.BooleanField(
        "critical",
        default=False,
        help_text="Preferences and quiet hours do not hold for it, and it cannot be switched off.",
    )
    quiet_hours = models.CharField(
        max_length=8, choices=QuietHours.choices, default=QuietHours.DEFER
    )
    default_channels = ArrayField(
        models.CharField(max_length=20),
        default=list,
        blank=True,
        help_text="Ways to take, the first that the recipient has; empty: as the templates allow.",
    )
    digest_template = models.CharField(
        max_length=100,
        blank=True,
        help_text="With the quiet hours' digest: the template that tells what was held, in one message.",
    )
    body_retention_days = models.PositiveIntegerField(
        null=True,
        blank=True,
        help_text="Days for which variables and texts are kept; 0 as long as the rows, empty as above.",
    )
    exchange_retention_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="The same for requests and responses."
    )
    row_retention_days = models.PositiveIntegerField(
        null=True, blank=True, help_text="The same for the rows themselves; 0 for ever."
    )
    is_built_in = models.BooleanField(default=False, editable=False)
    created_at = models.DateTimeField(editable=False)

    class Meta:
        ordering = ("key",)
        verbose_name_plural = "categories"

    def __str__(self) -> str:
        return self.name or self.key
