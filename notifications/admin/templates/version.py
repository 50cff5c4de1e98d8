"""Published versions of templates."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.safestring import SafeString

from notifications.admin.templates.actions import TEST_VERSION
from notifications.admin.toolkit import message_preview
from notifications.exceptions import InvalidTemplate, RenderingFailed
from notifications.message_templates.publishing import preview
from notifications.models import TemplateVersion
from tasks_core import clock
from tasks_core.admin.toolkit import (
    Fact,
    Panel,
    RecordActionsAdmin,
    json_block,
    link,
    moment,
    moment_in_full,
    text_block,
)


@admin.register(TemplateVersion)
class TemplateVersionAdmin(RecordActionsAdmin[TemplateVersion]):
    """A version never changes; it can be tried out."""

    explanation = (
        "What was published, as it was. Notifications keep the version they were accepted with."
    )
    row_actions = (TEST_VERSION,)

    list_display = ("template", "number", "published")
    search_fields = ("template__name",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[TemplateVersion]:
        """Read the template along."""
        return super().get_queryset(request).select_related("template")

    @admin.display(description="published")
    def published(self, version: TemplateVersion) -> SafeString | str:
        """When it was published."""
        return moment(version.published_at, clock.now())

    def facts(self, request: HttpRequest, row: TemplateVersion) -> list[Fact]:
        """Return whose version it is."""
        url = reverse("admin:notifications_template_change", args=[row.template_id])
        is_current = row.template.current_id == row.pk
        return [
            Fact("Template", link(url, row.template)),
            Fact("Version", row.number),
            Fact("Current", "yes" if is_current else "no"),
            Fact("Published", moment_in_full(row.published_at, clock.now())),
        ]

    def panels(self, request: HttpRequest, row: TemplateVersion) -> list[Panel]:
        """Return the message with the sample, and the sources."""
        sources = (("Subject", row.subject), ("Text", row.text), ("HTML", row.html))
        return [
            Panel("preview", "Preview with the sample", _preview(row)),
            *(Panel(name.lower(), name, text_block(text)) for name, text in sources if text),
            Panel("schema", "Schema", json_block(row.schema)),
            Panel("sample", "Sample", json_block(row.sample)),
        ]


def _preview(version: TemplateVersion) -> SafeString:
    try:
        channel = version.template.channel
        return message_preview.message(preview(version, channel), channel)
    except (InvalidTemplate, RenderingFailed) as error:
        return message_preview.problem(error)
