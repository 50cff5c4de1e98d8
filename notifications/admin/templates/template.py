"""Templates: drafts are written and previewed here, and published as versions that never change."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from notifications.admin.templates.actions import TEST_TEMPLATE
from notifications.admin.templates.form import IDENTITY, PUBLISH, TemplateForm
from notifications.admin.templates.source import PARTS, Source
from notifications.admin.toolkit import message_preview
from notifications.exceptions import InvalidTemplate, RenderingFailed
from notifications.message_templates.publishing import publish_template
from notifications.models import Template, TemplateDraft
from tasks_core import clock
from tasks_core.admin.toolkit import NONE, ActionsAdmin, badge, link, moment, table


@admin.register(Template)
class TemplateAdmin(ActionsAdmin[Template]):
    """Save keeps a draft; publish makes the version that new notifications use."""

    explanation = "The texts of messages. What is edited here is a draft until it is published."
    form = TemplateForm
    row_actions = (TEST_TEMPLATE,)
    change_form_template = "admin/notifications/template/change_form.html"
    list_display = ("name", "channel", "language", "published", "has_draft", "description")
    list_filter = ("channel",)
    search_fields = ("name", "description")
    sortable_by = ()
    list_select_related = ("current", "draft")

    class Media:
        js = ("tasks_core/live_preview.js",)

    @admin.display(description="locale")
    def language(self, template: Template) -> str:
        """The locale."""
        return template.locale or "any"

    @admin.display(description="published")
    def published(self, template: Template) -> SafeString:
        """The current version."""
        if template.current is None:
            return badge("Not published", "warning")
        return badge(f"Version {template.current.number}", "good")

    @admin.display(description="draft")
    def has_draft(self, template: Template) -> SafeString | str:
        """When the draft was edited, if there is one."""
        draft = getattr(template, "draft", None)
        return moment(draft.edited_at, clock.now()) if draft else NONE

    def get_fieldsets(self, request: HttpRequest, obj: Template | None = None) -> Any:
        """Show the parts to those who may edit them; all may read the versions below."""
        identity = (None, {"fields": (*IDENTITY, "description")})
        may_edit = self.has_change_permission(request) if obj else self.has_add_permission(request)
        return [identity, ("Draft", {"fields": PARTS})] if may_edit else [identity]

    def get_readonly_fields(self, request: HttpRequest, obj: Template | None = None) -> Any:
        """Callers name a template by these, so they do not change."""
        return IDENTITY if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Template | None = None) -> bool:
        """Nobody: notifications point to its versions."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Add the preview."""
        view = self.admin_site.admin_view(self.preview)
        return [path("preview/", view, name="notifications_template_preview"), *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Answer a form that is being edited with the message that it gives, or with what is wrong."""
        if not (self.has_change_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        channel = request.GET.get("channel") or request.POST.get("channel") or ""
        return HttpResponse(_preview(Source.typed(request.POST), channel))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Add the preview of what is stored, and the versions."""
        template = options.get("obj")
        url = reverse("admin:notifications_template_preview")
        context["preview_url"] = f"{url}?channel={template.channel}" if template else url
        context["show_save_and_add_another"] = False
        context["show_save_and_continue"] = False
        if request.method == "POST":  # refused: of what was typed, which is in the fields
            channel = template.channel if template else request.POST.get("channel", "")
            context["preview"] = _preview(Source.typed(request.POST), channel)
        elif template:
            context["preview"] = _preview(Source.of(template), template.channel)
        if template:
            context["versions"] = _versions(template)
        return super().render_change_form(request, context, *args, **options)

    def save_model(self, request: HttpRequest, obj: Template, form: Any, change: bool) -> None:
        """Keep the draft, or publish it."""
        if change:
            # Never save(): it would put back the version that was current when the page was read.
            Template.objects.filter(pk=obj.pk).update(description=obj.description)
        else:
            obj.created_at = clock.now()
            obj.save()
        source = form.source()
        if PUBLISH in request.POST:
            self._publish(request, obj, source)
        else:
            _keep_draft(obj, source, request.user.get_username())

    def _publish(self, request: HttpRequest, template: Template, source: Source) -> None:
        version = publish_template(
            template.name, channel=template.channel, locale=template.locale, **source.options()
        )
        TemplateDraft.objects.filter(template=template).delete()
        messages.success(
            request, f"Version {version.number} is published; new notifications use it from now on."
        )

    def response_add(self, request: HttpRequest, obj: Template, *args: Any) -> HttpResponse:
        """Stay on the page."""
        return self._stay(request, obj)

    def response_change(self, request: HttpRequest, obj: Template) -> HttpResponse:
        """Stay on the page."""
        return self._stay(request, obj)

    def _stay(self, request: HttpRequest, template: Template) -> HttpResponse:
        if PUBLISH not in request.POST:
            messages.success(
                request, "The draft is saved. Nothing is sent from it until it is published."
            )
        return HttpResponseRedirect(
            reverse("admin:notifications_template_change", args=[template.pk])
        )


def _keep_draft(template: Template, source: Source, editor: str) -> None:
    parts = {name: getattr(source, name) for name in PARTS}
    TemplateDraft.objects.update_or_create(
        template=template, defaults={**parts, "edited_at": clock.now(), "edited_by": editor}
    )


def _preview(source: Source, channel: str) -> SafeString:
    try:
        return message_preview.message(source.rendered(channel), channel)
    except (InvalidTemplate, RenderingFailed) as error:
        return message_preview.problem(error)


def _versions(template: Template) -> SafeString:
    now = clock.now()
    rows = [
        (
            link(
                reverse("admin:notifications_templateversion_change", args=[version.pk]),
                f"Version {version.number}",
            ),
            moment(version.published_at, now),
            badge("Current", "good") if version.pk == template.current_id else "",
        )
        for version in template.versions.only("pk", "number", "published_at", "template")[:20]
    ]
    return table(("Version", "Published", ""), rows, empty="None is published yet.")
