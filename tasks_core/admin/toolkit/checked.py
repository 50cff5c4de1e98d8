"""What somebody wrote into an address or sent instead of a form, looked at before the database is asked.

Django asks it with any text. One that no column can hold, or that is no pattern, would be an error of the
server.
"""

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import ValidationError
from django.db import DataError, transaction
from django.db.models import Field, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from unfold.views import ChangeList as ThemedChangeList

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

    Base = ModelAdmin[Any]
else:
    Base = object

WRONG = (DataError, ValueError)
"""What the database, or the way to it, says of a parameter that it cannot take."""


class CheckedChangeList(ThemedChangeList):
    """Takes a parameter that the database refuses for a wrong one; the list is shown without it."""

    def get_results(self, request: HttpRequest) -> None:
        """Read one page.

        Raises:
            IncorrectLookupParameters: Django shows the list without parameters then.
        """
        try:
            with transaction.atomic(using=self.queryset.db):
                super().get_results(request)
        except WRONG as error:
            raise IncorrectLookupParameters(error) from error


class CheckedAdmin(Base):
    """Rows that are found by keys which may be nonsense."""

    def get_object(
        self, request: HttpRequest, object_id: str, from_field: str | None = None
    ) -> Any:
        """Return the row, None if there is none or no row can have such a key."""
        return None if "\x00" in object_id else super().get_object(request, object_id, from_field)

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Survive wrong parameters."""
        checked: type[ChangeList] = CheckedChangeList
        return checked

    def response_action(
        self, request: HttpRequest, queryset: QuerySet[Any], *args: Any, **options: Any
    ) -> HttpResponse | None:
        """Do nothing if one of the rows that were ticked cannot be one."""
        keys = request.POST.getlist(ACTION_CHECKBOX_NAME)
        if all(_can_be(self.opts.pk, key) for key in keys):
            return super().response_action(request, queryset, *args, **options)
        messages.error(request, "What was selected are no rows of this list; nothing was done.")
        return HttpResponseRedirect(request.get_full_path())


def _can_be(field: "Field[Any, Any]", key: str) -> bool:
    try:
        field.to_python(key)
    except (ValidationError, ValueError):
        return False
    return "\x00" not in key
