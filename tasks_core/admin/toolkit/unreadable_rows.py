"""Rows with what Python cannot hold, such as PostgreSQL's ``infinity``: they close no page but their own."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.db import DataError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from tasks_core.database.errors import is_servers_fault
from tasks_core.database.readable_rows import read_rows, what_is_wrong

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Base = ModelAdmin[Any]
else:
    Base = object


class EachRowAlone(Base):
    """Shows the others, and says on the list which row is not shown, and why."""

    def in_place_of(self, key: Any, problem: str) -> Any:
        """Return what the list shows instead of a row; None leaves it out."""
        return None

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Read each row by itself if they cannot be read together."""
        page: Any = super().get_changelist_instance(request)
        if isinstance(page.result_list, QuerySet):
            page.result_list = self._each(request, page.result_list)
        found: ChangeList = page
        return found

    def _each(self, request: HttpRequest, rows: QuerySet[Any]) -> list[Any]:
        try:
            return list(rows)
        except Exception as error:
            if is_servers_fault(error):
                raise
        keys = list(rows.values_list("pk", flat=True))  # of the page, which is a slice
        found = read_rows(self.get_queryset(request).filter(pk__in=keys))
        shown = {row.pk: row for row in found.sound}
        for key, trouble in found.unreadable.items():
            problem = what_is_wrong(trouble)
            shown[key] = self.in_place_of(key, problem)
            if shown[key] is None:
                self._say(request, key, problem)
        return [row for key in keys if (row := shown.get(key)) is not None]

    def _say(self, request: HttpRequest, key: Any, problem: str) -> None:
        words = f"Row {key} is not shown: {problem}. Correct it in the database."
        self.message_user(request, words, level=messages.ERROR)

    def changeform_view(
        self, request: HttpRequest, object_id: str | None = None, *args: Any, **options: Any
    ) -> HttpResponse:
        """Edit a row."""
        return self._or_why_not(request, object_id, super().changeform_view, *args, **options)

    def delete_view(
        self, request: HttpRequest, object_id: str, *args: Any, **options: Any
    ) -> HttpResponse:
        """Delete a row."""
        return self._or_why_not(request, object_id, super().delete_view, *args, **options)

    def history_view(
        self, request: HttpRequest, object_id: str, *args: Any, **options: Any
    ) -> HttpResponse:
        """Show who changed a row."""
        return self._or_why_not(request, object_id, super().history_view, *args, **options)

    def _or_why_not(
        self,
        request: HttpRequest,
        object_id: str | None,
        view: Callable[..., HttpResponse],
        *args: Any,
        **options: Any,
    ) -> HttpResponse:
        """Show a page of a row, or the list with the reason why there is none."""
        try:
            return view(request, object_id, *args, **options)
        except DataError:
            # What was typed may be to blame as well, and that is an error of its own.
            key = unquote(object_id or "")
            found = read_rows(self.get_queryset(request).filter(pk=key)) if key else None
            if not found or not found.unreadable:
                raise
            self._say(request, key, what_is_wrong(next(iter(found.unreadable.values()))))
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")
