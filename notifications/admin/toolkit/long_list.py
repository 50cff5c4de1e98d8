"""Lists of any length whose rows can be edited or acted on."""

from typing import Any, TypeVar

from django.contrib.admin.views.main import ChangeList
from django.db.models import Model
from django.http import HttpRequest

from tasks_core.admin.toolkit import ActionsAdmin, KeysetChangeList

M = TypeVar("M", bound=Model)


class LongList(ActionsAdmin[M]):
    """Pages by key, newest first, and counts nothing."""

    list_per_page = 50
    list_max_show_all = 0
    show_full_result_count = False
    list_filter_sheet = False
    list_disable_select_all = True
    sortable_by = ()

    def get_changelist(self, request: HttpRequest, **options: Any) -> type[ChangeList]:
        """Page by key."""
        return KeysetChangeList
