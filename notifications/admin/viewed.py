"""Pages with personal data: whoever opens one is on record."""

from __future__ import annotations

from typing import Any, TypeVar

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from tasks_core.admin.theme import ModelAdmin

M = TypeVar("M", bound=Model)

VIEWED = "Viewed."


class ViewLogged(ModelAdmin[M]):
    """Writes into the row's history who looked at it, and when."""

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Note the view of a row that exists."""
        row = options.get("obj")
        if row is not None and request.method == "GET":
            # Django has no kind of its own for it, and shows an unknown one without a word.
            LogEntry.objects.log_actions(
                user_id=int(str(request.user.pk)),
                queryset=[row],
                action_flag=CHANGE,
                change_message=VIEWED,
            )
        return super().render_change_form(request, context, *args, **options)
