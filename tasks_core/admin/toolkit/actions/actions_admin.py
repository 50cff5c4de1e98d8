"""The pages of steps, for one row and for many."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, TypeVar

from django.contrib.admin.models import CHANGE, LogEntry
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import quote, unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from unfold.enums import ActionVariant

from tasks_core.admin.toolkit.actions.action import Step, StepForm
from tasks_core.admin.toolkit.actions.on_record import deed_on_record
from tasks_core.admin.toolkit.keyset import MAX_BULK
from tasks_core.admin.toolkit.record import RecordAdmin
from tasks_core.admin.toolkit.theme import ModelAdmin
from tasks_core.engine.bigint import bigint

M = TypeVar("M", bound=Model)
SHOWN = 10
"""Rows that the page of a step names one by one."""


class Steered(ModelAdmin[M]):
    """Rows that can be steered by those who have the permission to change them."""

    steps: ClassVar[Sequence[Step[Any]]] = ()

    def has_step_permission(self, request: HttpRequest, step: Step[Any]) -> bool:
        """Whoever has the model's permission that the step wants."""
        deed = f"{step.permission}_{self.opts.model_name}"
        return request.user.has_perm(f"{self.opts.app_label}.{deed}")

    def get_urls(self) -> list[URLPattern]:
        """Put the pages of the steps before Django's own."""
        view = self.admin_site.admin_view
        urls = []
        for step in self.steps:
            one, many = partial(self._one, step), partial(self._many, step)
            urls += [
                path(f"<path:object_id>/{step.name}/", view(one), name=self._url_name(step)),
                path(f"{step.name}/", view(many), name=f"{self._url_name(step)}_many"),
            ]
        return urls + super().get_urls()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the steps for the rows that are ticked in the list."""
        return {
            step.name: (_action(step), step.name, step.label)
            for step in self.steps
            if step.in_bulk and self.has_step_permission(request, step)
        }

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Add the buttons that lead to the steps."""
        row = options.get("obj")
        if row is not None:
            context["actions_detail"] = [
                self._button(step, row)
                for step in self.steps
                if step.applies(row) and self.has_step_permission(request, step)
            ]
        return super().render_change_form(request, context, *args, **options)

    def ask(
        self,
        request: HttpRequest,
        step: Step[M],
        rows: Sequence[M],
        *,
        form: StepForm | None = None,
        one: bool = False,
    ) -> TemplateResponse:
        """Show the page of a step."""
        self.note_shown(request, rows[:SHOWN])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{step.label.rstrip('…')}: {self._named(rows)}",
            "original": rows[0] if one else None,
            "step": step,
            "form": form or step.form(rows=rows),
            "rows": [self.step_line(row) for row in rows[:SHOWN]],
            "more": max(0, len(rows) - SHOWN),
            "ids": ",".join(str(row.pk) for row in rows),
            "url": self._step_url(request, step, rows[0] if one else None),
            "back": self._back(request, rows[0] if one else None),
        }
        return TemplateResponse(request, step.template, context)

    def note_shown(self, request: HttpRequest, rows: Sequence[M]) -> None:
        """Called with the rows that the page of a step shows; for what is to be on record."""

    def step_line(self, row: M) -> str:
        """Return what the page of a step says of one row: enough to see that it is the right one."""
        return str(row)

    def _one(self, step: Step[M], request: HttpRequest, object_id: str) -> HttpResponse:
        self._require_permission(request, step)
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(f"There is no {self.opts.verbose_name} {object_id}.")
        if request.method != "POST":
            return self.ask(request, step, [row], one=True)
        form = step.form(request.POST, rows=[row])
        if not form.is_valid():
            return self.ask(request, step, [row], form=form, one=True)
        back = self._back(request, None if step.removes else row)
        return self._perform(request, step, [row], form, back)

    def _many(self, step: Step[M], request: HttpRequest) -> HttpResponse:
        self._require_permission(request, step)
        if not step.in_bulk:
            raise Http404(f"{step.label} is for one {self.opts.verbose_name}; open its page.")
        rows = list(self.get_queryset(request).filter(pk__in=_keys(request)).order_by("-pk"))
        if request.method != "POST" or not rows:
            return HttpResponseRedirect(self._back(request, None))
        form = step.form(request.POST, rows=rows)
        if not form.is_valid():
            return self.ask(request, step, rows, form=form)
        return self._perform(request, step, rows, form, self._back(request, None))

    def _perform(
        self, request: HttpRequest, step: Step[M], rows: Sequence[M], form: StepForm, back: str
    ) -> HttpResponse:
        tally = step.perform(rows, form.cleaned_data, request.user.get_username())
        changed = set(tally.changed)
        LogEntry.objects.log_actions(
            user_id=int(str(request.user.pk)),
            queryset=[row for row in rows if row.pk in changed],
            action_flag=CHANGE,
            change_message=deed_on_record(step, form),
        )
        if tally.revealed:
            return self.reveal(request, tally.revealed, back)
        tally.tell(request)
        return HttpResponseRedirect(back)

    def reveal(self, request: HttpRequest, secret: str, back: str) -> HttpResponse:
        """Show a secret this once; like all pages of the admin, browsers may not keep this one."""
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": "Shown only once",
            "secret": secret,
            "back": back,
        }
        return TemplateResponse(request, "admin/tasks_core/shown_once.html", context)

    def _require_permission(self, request: HttpRequest, step: Step[M]) -> None:
        if not self.has_step_permission(request, step):
            needed = f"{self.opts.app_label}.{step.permission}_{self.opts.model_name}"
            deed = step.label.rstrip("…")
            raise PermissionDenied(f"The step “{deed}” needs the permission {needed}.")

    def _named(self, rows: Sequence[M]) -> str:
        if len(rows) == 1:
            return str(rows[0])
        return f"{len(rows):,} {self.opts.verbose_name_plural}"

    def _button(self, step: Step[M], row: M) -> dict[str, Any]:
        return {
            "title": step.label,
            "icon": step.icon,
            "variant": ActionVariant.DANGER if step.danger else ActionVariant.DEFAULT,
            "attrs": {},
            "path": reverse(f"admin:{self._url_name(step)}", args=[quote(row.pk)]),
        }

    def _url_name(self, step: Step[M]) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{step.name}"

    def _step_url(self, request: HttpRequest, step: Step[M], row: M | None) -> str:
        if row is not None:
            return reverse(f"admin:{self._url_name(step)}", args=[quote(row.pk)])
        return self._filtered(request, reverse(f"admin:{self._url_name(step)}_many"))

    def _back(self, request: HttpRequest, row: M | None) -> str:
        prefix = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        if row is not None:
            return reverse(f"{prefix}_change", args=[quote(row.pk)])
        url: str = add_preserved_filters(
            {"preserved_filters": self.get_preserved_filters(request), "opts": self.opts},
            reverse(f"{prefix}_changelist"),
        )
        return url

    def _filtered(self, request: HttpRequest, url: str) -> str:
        preserved = self.get_preserved_filters(request)
        return f"{url}?{preserved}" if preserved else url


class SteeredAdmin(Steered[M], RecordAdmin[M]):
    """Rows that nobody edits but that can be steered."""


def _action(
    step: Step[Any],
) -> Callable[[Steered[Any], HttpRequest, QuerySet[Any]], HttpResponse]:
    def ask(admin: Steered[Any], request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
        return admin.ask(request, step, list(rows[:MAX_BULK]))

    return ask


def _keys(request: HttpRequest) -> list[int]:
    """Return the keys that the page of a step has carried along."""
    keys = request.POST.get("ids", "").split(",")[:MAX_BULK]
    return [found for key in keys if (found := bigint(key)) is not None]
