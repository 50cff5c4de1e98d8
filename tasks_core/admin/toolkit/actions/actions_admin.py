"""The pages of actions, for one row and for many."""

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

from tasks_core.admin.toolkit.actions.action import Action, ActionForm
from tasks_core.admin.toolkit.actions.on_record import deed_on_record
from tasks_core.admin.toolkit.keyset import MAX_BULK
from tasks_core.admin.toolkit.record import RecordAdmin
from tasks_core.admin.toolkit.theme import ModelAdmin
from tasks_core.engine.bigint import bigint

M = TypeVar("M", bound=Model)
SHOWN = 10
"""Rows that the page of an action names one by one."""


class ActionsAdmin(ModelAdmin[M]):
    """Rows that can be acted on by those who have the permission to change them."""

    row_actions: ClassVar[Sequence[Action[Any]]] = ()

    def has_row_action_permission(self, request: HttpRequest, action: Action[Any]) -> bool:
        """Whoever has the model's permission that the action wants."""
        deed = f"{action.permission}_{self.opts.model_name}"
        return request.user.has_perm(f"{self.opts.app_label}.{deed}")

    def get_urls(self) -> list[URLPattern]:
        """Put the pages of the actions before Django's own."""
        view = self.admin_site.admin_view
        urls = []
        for action in self.row_actions:
            one, many = partial(self._one, action), partial(self._many, action)
            urls += [
                path(f"<path:object_id>/{action.name}/", view(one), name=self._url_name(action)),
                path(f"{action.name}/", view(many), name=f"{self._url_name(action)}_many"),
            ]
        return urls + super().get_urls()

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Offer the actions for the rows that are ticked in the list."""
        return {
            action.name: (_action(action), action.name, action.label)
            for action in self.row_actions
            if action.in_bulk and self.has_row_action_permission(request, action)
        }

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Add the buttons that lead to the actions."""
        row = options.get("obj")
        if row is not None:
            context["actions_detail"] = [
                self._button(action, row)
                for action in self.row_actions
                if action.applies(row) and self.has_row_action_permission(request, action)
            ]
        return super().render_change_form(request, context, *args, **options)

    def ask(
        self,
        request: HttpRequest,
        action: Action[M],
        rows: Sequence[M],
        *,
        form: ActionForm | None = None,
        one: bool = False,
    ) -> TemplateResponse:
        """Show the page of an action."""
        self.note_shown(request, rows[:SHOWN])
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": f"{action.label.rstrip('…')}: {self._named(rows)}",
            "original": rows[0] if one else None,
            "action": action,
            "form": form or action.form(rows=rows),
            "rows": [self.row_line(row) for row in rows[:SHOWN]],
            "more": max(0, len(rows) - SHOWN),
            "ids": ",".join(str(row.pk) for row in rows),
            "url": self._action_url(request, action, rows[0] if one else None),
            "back": self._back(request, rows[0] if one else None),
        }
        return TemplateResponse(request, action.template, context)

    def note_shown(self, request: HttpRequest, rows: Sequence[M]) -> None:
        """Called with the rows that the page of an action shows; for what is to be on record."""

    def row_line(self, row: M) -> str:
        """Return what the page of an action says of one row: enough to see that it is the right one."""
        return str(row)

    def _one(self, action: Action[M], request: HttpRequest, object_id: str) -> HttpResponse:
        self._require_permission(request, action)
        row = self.get_object(request, unquote(object_id))
        if row is None:
            raise Http404(f"There is no {self.opts.verbose_name} {object_id}.")
        if request.method != "POST":
            return self.ask(request, action, [row], one=True)
        form = action.form(request.POST, rows=[row])
        if not form.is_valid():
            return self.ask(request, action, [row], form=form, one=True)
        back = self._back(request, None if action.removes else row)
        return self._perform(request, action, [row], form, back)

    def _many(self, action: Action[M], request: HttpRequest) -> HttpResponse:
        self._require_permission(request, action)
        if not action.in_bulk:
            raise Http404(f"{action.label} is for one {self.opts.verbose_name}; open its page.")
        rows = list(self.get_queryset(request).filter(pk__in=_keys(request)).order_by("-pk"))
        if request.method != "POST" or not rows:
            return HttpResponseRedirect(self._back(request, None))
        form = action.form(request.POST, rows=rows)
        if not form.is_valid():
            return self.ask(request, action, rows, form=form)
        return self._perform(request, action, rows, form, self._back(request, None))

    def _perform(
        self,
        request: HttpRequest,
        action: Action[M],
        rows: Sequence[M],
        form: ActionForm,
        back: str,
    ) -> HttpResponse:
        tally = action.perform(rows, form.cleaned_data, request.user.get_username())
        changed = set(tally.changed)
        LogEntry.objects.log_actions(
            user_id=int(str(request.user.pk)),
            queryset=[row for row in rows if row.pk in changed],
            action_flag=CHANGE,
            change_message=deed_on_record(action, form),
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

    def _require_permission(self, request: HttpRequest, action: Action[M]) -> None:
        if not self.has_row_action_permission(request, action):
            needed = f"{self.opts.app_label}.{action.permission}_{self.opts.model_name}"
            deed = action.label.rstrip("…")
            raise PermissionDenied(f"The action “{deed}” needs the permission {needed}.")

    def _named(self, rows: Sequence[M]) -> str:
        if len(rows) == 1:
            return str(rows[0])
        return f"{len(rows):,} {self.opts.verbose_name_plural}"

    def _button(self, action: Action[M], row: M) -> dict[str, Any]:
        return {
            "title": action.label,
            "icon": action.icon,
            "variant": ActionVariant.DANGER if action.danger else ActionVariant.DEFAULT,
            "attrs": {},
            "path": reverse(f"admin:{self._url_name(action)}", args=[quote(row.pk)]),
        }

    def _url_name(self, action: Action[M]) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_{action.name}"

    def _action_url(self, request: HttpRequest, action: Action[M], row: M | None) -> str:
        if row is not None:
            return reverse(f"admin:{self._url_name(action)}", args=[quote(row.pk)])
        return self._filtered(request, reverse(f"admin:{self._url_name(action)}_many"))

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


class RecordActionsAdmin(ActionsAdmin[M], RecordAdmin[M]):
    """Rows that nobody edits but that have actions."""


def _action(
    action: Action[Any],
) -> Callable[[ActionsAdmin[Any], HttpRequest, QuerySet[Any]], HttpResponse]:
    def ask(admin: ActionsAdmin[Any], request: HttpRequest, rows: QuerySet[Any]) -> HttpResponse:
        return admin.ask(request, action, list(rows[:MAX_BULK]))

    return ask


def _keys(request: HttpRequest) -> list[int]:
    """Return the keys that the page of an action has carried along."""
    keys = request.POST.get("ids", "").split(",")[:MAX_BULK]
    return [found for key in keys if (found := bigint(key)) is not None]
