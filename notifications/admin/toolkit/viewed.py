"""Pages with personal data: whoever opens one is on record, without what was shown."""

import logging
from collections.abc import Sequence
from typing import Any, TypeVar

from django.contrib.admin.models import CHANGE, LogEntry
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from tasks_core.admin.toolkit import ModelAdmin

logger = logging.getLogger(__name__)

M = TypeVar("M", bound=Model)

VIEWED = "Viewed."


class ViewLogged(ModelAdmin[M]):
    """Writes into the log and into the row's history who looked at it, and when.

    Of an edit the history names the fields only: values would outlive the erasure of a person.
    """

    values_on_record = False

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **options: Any
    ) -> HttpResponse:
        """Note the view of a row that exists, also when a rejected edit shows it once more."""
        row = options.get("obj")
        if row is not None:
            self.note_shown(request, [row])
        return super().render_change_form(request, context, *args, **options)

    def render_delete_form(self, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
        """Note the view of the row whose deletion is asked about."""
        self.note_shown(request, [context["object"]])
        return super().render_delete_form(request, context)

    def note_shown(self, request: HttpRequest, rows: Sequence[M]) -> None:
        """Note the view of each row: also that of the page of an action, which names some."""
        _note(request, rows)


def _note(request: HttpRequest, rows: Sequence[Model]) -> None:
    for row in rows:
        logger.info(
            "personal data was viewed",
            extra={
                "viewed_by": request.user.get_username(),
                "viewed": row._meta.model_name,
                "viewed_id": row.pk,
            },
        )
    # Django has no kind of its own for it, and shows an unknown one without a word.
    LogEntry.objects.log_actions(
        user_id=int(str(request.user.pk)),
        queryset=list(rows),
        action_flag=CHANGE,
        change_message=VIEWED,
    )
