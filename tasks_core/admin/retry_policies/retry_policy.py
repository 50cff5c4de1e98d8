"""Retry policies: edited with a preview of the delays they give."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.forms import modelform_factory
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString

from tasks_core.admin.retry_policies.preview import MAX_ROWS, delays
from tasks_core.admin.toolkit.moments import span
from tasks_core.admin.toolkit.theme import ModelAdmin
from tasks_core.engine.retry import RetryRule
from tasks_core.models import RetryPolicy, Task

DELAY = ("initial", "step", "factor", "cap")
JITTER = ("jitter", "jitter_ratio")
EDITED = ("strategy", "max_attempts", *DELAY, *JITTER, "max_total_time")
PREVIEW = "admin/tasks_core/retrypolicy/delays.html"


@admin.register(RetryPolicy)
class RetryPolicyAdmin(ModelAdmin[RetryPolicy]):
    """A change applies to the next failed attempt of every task that names the policy."""

    explanation = (
        "When a task that failed is tried again, how often, and after which errors not at all."
    )
    change_form_template = "admin/tasks_core/retrypolicy/change_form.html"
    list_display = ("name", "strategy", "max_attempts", "first_delays", "jitter")
    search_fields = ("name",)
    list_filter = ("strategy",)
    fieldsets = (
        (None, {"fields": ("name", "strategy", "max_attempts")}),
        ("Delay", {"fields": DELAY}),
        ("Jitter", {"fields": JITTER}),
        ("Limit", {"fields": ("max_total_time",)}),
        ("Errors", {"fields": ("final_errors", "retried_errors")}),
    )

    class Media:
        js = ("tasks_core/live_preview.js",)

    @admin.display(description="expected delays")
    def first_delays(self, policy: RetryPolicy) -> str:
        """The first of them."""
        found = [span(delay.expected) for delay in delays(policy.rule())]
        return ", ".join(found[:4]) + (", …" if len(found) > 4 else "")

    def get_urls(self) -> list[URLPattern]:
        """Add the preview."""
        preview = path(
            "preview/",
            self.admin_site.admin_view(self.preview),
            name="tasks_core_retrypolicy_preview",
        )
        return [preview, *super().get_urls()]

    def preview(self, request: HttpRequest) -> HttpResponse:
        """Answer a form that is being edited with the table of its delays, or with what is wrong."""
        if not (self.has_view_permission(request) or self.has_add_permission(request)):
            raise PermissionDenied
        return HttpResponse(_typed_delays(request))

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Show the delays of the policy as it is stored, or of what was typed and refused."""
        if request.method == "POST":
            context["delays"] = _typed_delays(request)
        else:
            context["delays"] = _table((options.get("obj") or RetryPolicy()).rule())
        context["preview_url"] = reverse("admin:tasks_core_retrypolicy_preview")
        return super().render_change_form(request, context, *args, **options)

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Look for one task that names the policy, instead of loading all of them."""
        protected = [
            f"{policy.name}: {example} and perhaps others use it; they go with age"
            for policy in objs
            for example in Task.objects.filter(retry_policy=policy)[:1]
        ]
        names = [str(policy) for policy in objs]
        needed = set() if self.has_delete_permission(request) else {"retry policy"}
        return names, {"retry policies": len(names)}, needed, protected


def _typed_delays(request: HttpRequest) -> SafeString:
    """Return the delays of a form that is being edited, or what is wrong with it."""
    form = modelform_factory(RetryPolicy, fields=EDITED)(request.POST)
    if form.is_valid():
        return _table(form.instance.rule())
    return render_to_string(PREVIEW, {"errors": form.errors.items()})


def _table(rule: RetryRule) -> SafeString:
    rows = [
        {
            "attempt": delay.attempt,
            "shortest": span(delay.shortest),
            "expected": span(delay.expected),
            "longest": span(delay.longest),
            "total": span(delay.total),
            "is_too_late": delay.is_too_late,
        }
        for delay in delays(rule)
    ]
    context = {
        "rows": rows,
        "rule": rule,
        "hidden": max(0, rule.max_attempts - 1 - MAX_ROWS),
    }
    return render_to_string(PREVIEW, context)
