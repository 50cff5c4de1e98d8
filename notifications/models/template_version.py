"""One published version of a template. It never changes, so a notification can pin it."""

from typing import Any

from django.db import models

from notifications.exceptions import InvalidTemplate
from tasks_core.models.platform_model import PlatformModel


class TemplateVersion(PlatformModel):
    """The parts of a template, the schema of its variables, and sample variables."""

    template = models.ForeignKey(
        "notifications.Template", on_delete=models.CASCADE, related_name="versions"
    )
    number = models.PositiveIntegerField(help_text="Counts from 1 within the template.")
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    schema = models.JSONField(default=dict, help_text="JSON Schema of the variables.")
    sample = models.JSONField(default=dict, help_text="Variables for the preview.")
    published_at = models.DateTimeField()

    class Meta:
        ordering = ("template", "-number")
        constraints = (
            models.UniqueConstraint(
                fields=("template", "number"), name="notifications_version_number"
            ),
        )

    def __str__(self) -> str:
        return f"{self.template} v{self.number}"

    def save(self, *args: Any, **options: Any) -> None:
        """Insert the version; a published one is refused.

        Raises:
            InvalidTemplate: the version exists already.
        """
        if not self._state.adding:
            raise InvalidTemplate("version", "is published and does not change; publish a new one")
        super().save(*args, **options)
