"""What an operator is writing: the next version of a template, not yet published."""

from django.db import models

from tasks_core.models.platform_model import PlatformModel


class TemplateDraft(PlatformModel):
    """The parts as they were typed. A draft may be wrong; nothing is sent from it."""

    template = models.OneToOneField(
        "notifications.Template", on_delete=models.CASCADE, related_name="draft"
    )
    subject = models.TextField(blank=True)
    text = models.TextField(blank=True)
    html = models.TextField(blank=True)
    schema = models.TextField(blank=True, help_text="JSON Schema of the variables, as typed.")
    sample = models.TextField(blank=True, help_text="Variables for the preview, as typed.")
    edited_at = models.DateTimeField()
    edited_by = models.CharField(max_length=150, blank=True)

    class Meta:
        """Nothing; without it that of the base would count as a change of the table."""

    def __str__(self) -> str:
        return f"draft of {self.template}"
