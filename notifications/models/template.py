"""A template by name, channel and locale; what it says is in its versions."""

from django.core.validators import RegexValidator
from django.db import models

from tasks_core.models.platform_model import PlatformModel

NAME_PATTERN = r"^[a-z0-9][a-z0-9._-]*$"


class Template(PlatformModel):
    """What callers name in ``notify``. Its published versions never change."""

    name = models.CharField(
        max_length=100,
        validators=[
            RegexValidator(
                NAME_PATTERN, "Use lower-case letters, digits, dots, dashes, underscores."
            )
        ],
        help_text="The name that callers give to notify(...), for example one-time-code.",
    )
    channel = models.CharField(max_length=20, help_text="How its messages leave, such as email.")
    locale = models.CharField(
        max_length=20, blank=True, help_text="Language tag such as de or pt-br; empty for any."
    )
    description = models.CharField(max_length=200, blank=True)
    current = models.ForeignKey(
        "notifications.TemplateVersion",
        null=True,
        blank=True,
        editable=False,
        on_delete=models.PROTECT,
        related_name="+",
        help_text="The version that new notifications use.",
    )
    created_at = models.DateTimeField()

    class Meta:
        ordering = ("name", "channel", "locale")
        constraints = (
            models.UniqueConstraint(
                fields=("name", "channel", "locale"), name="notifications_template_key"
            ),
        )

    def __str__(self) -> str:
        return " ".join(part for part in (self.name, self.channel, self.locale) if part)
