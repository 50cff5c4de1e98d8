"""Rows that people look at and never edit: a list, and a page of facts and panels."""

from dataclasses import dataclass
from typing import Any, TypeVar

from django.contrib.admin import ShowFacets
from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from tasks_core.admin.toolkit.keyset import KeysetChangeList
from tasks_core.admin.toolkit.theme import ModelAdmin

M = TypeVar("M", bound=Model)


@dataclass(frozen=True)
class Fact:
    """One line about a row."""

    label: str
    value: object


@dataclass(frozen=True)
class Panel:
    """One box on a row's page; ``id`` names it in the HTML."""

    id: str
    title: str
    body: SafeString
    count: int | None = None


def shows_list(request: HttpRequest) -> bool:
    """Tell whether the request is for a list rather than for one row."""
    match = request.resolver_match
    return match is not None and (match.url_name or "").endswith("_changelist")


class RecordAdmin(ModelAdmin[M]):
    """Nobody adds, changes or deletes these rows here; see ``actions`` for what can be done to them."""

    change_form_template = "admin/tasks_core/record.html"
    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    show_facets = ShowFacets.NEVER  # they would count the table, once for each choice
    list_filter_sheet = False
    list_disable_select_all = True
    sortable_by = ()
    actions: Any = ()

    def facts(self, request: HttpRequest, row: M) -> list[Fact]:
        """Return the lines of the row's page; subclasses say which."""
        raise NotImplementedError

    def panels(self, request: HttpRequest, row: M) -> list[Panel]:
        """Return the boxes of the row's page."""
        return []

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nobody."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody; the permission to change means its actions, see ``RecordActionsAdmin``."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Nobody."""
        return False

    def has_view_permission(self, request: HttpRequest, obj: M | None = None) -> bool:
        """Whoever has the model's permission to view or to change."""
        return super().has_view_permission(request, obj) or self._may_change(request)

    def _may_change(self, request: HttpRequest) -> bool:
        app_label, model_name = self.opts.app_label, self.opts.model_name
        return request.user.has_perm(f"{app_label}.change_{model_name}")

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Page by key."""
        return KeysetChangeList

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Add what the page shows."""
        row = options.get("obj")
        if row is not None:
            context["facts"] = [f for f in self.facts(request, row) if f.value not in ("", None)]
            context["panels"] = self.panels(request, row)
        return super().render_change_form(request, context, *args, **options)
