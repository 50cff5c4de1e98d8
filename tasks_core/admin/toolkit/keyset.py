"""Lists of any length: pages by key instead of by number, and no counting."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.contrib.admin.options import IncorrectLookupParameters
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db import connections
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest

from tasks_core.admin.toolkit.bounded_query import SECONDS, TookTooLong, at_most
from tasks_core.admin.toolkit.checked import WRONG
from tasks_core.engine.bigint import bigint

OLDER_THAN = "before"
NEWER_THAN = "after"
MAX_BULK = 1_000
"""Rows that one action takes at most."""


@dataclass(frozen=True, kw_only=True)
class Order:
    """An order of rows that no two share a place in.

    Attributes:
        downwards: the fields to sort by.
        upwards: the same the other way round.
        key: the place of a row as text for an address.
        read: the place that such a text names, or None if it is nonsense.
        below: what the rows after a place in the list fulfil.
        above: what those before it fulfil.
    """

    downwards: Sequence[str]
    upwards: Sequence[str]
    key: Callable[[Any], object]
    read: Callable[[str], Any]
    below: Callable[[Any], Q]
    above: Callable[[Any], Q]


BY_KEY = Order(
    downwards=("-pk",),
    upwards=("pk",),
    key=lambda row: row.pk,
    read=bigint,
    below=lambda key: Q(pk__lt=key),
    above=lambda key: Q(pk__gt=key),
)


class KeysetPaginator(Paginator):  # type: ignore[type-arg] # not subscriptable at run time
    """Never asked for pages; tells the theme which template links to the neighbouring ones."""

    template_name = "admin/tasks_core/keyset_pagination.html"


class KeysetChangeList(ChangeList):
    """The newest rows first, and links to those before and after.

    A page costs the same however far back it lies. ``?before=ID`` shows the rows that follow that one in
    the list, the older ones, ``?after=ID`` those above it. Lists with another order say which.
    """

    newer_link = ""
    older_link = ""
    newer_label = "← Newer"
    older_label = "Older →"
    total = ""

    @property
    def order(self) -> Order:
        """Return the order of the list."""
        return BY_KEY

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[Any]:
        """Take the position out of the parameters, which filters and links must not see."""
        self._before = self._position(OLDER_THAN)
        self._after = self._position(NEWER_THAN)
        queryset = super().get_queryset(request, exclude_parameters)
        return queryset.order_by(*self.order.downwards)

    def get_results(self, request: HttpRequest) -> None:
        """Read one page.

        Raises:
            IncorrectLookupParameters: Django shows the list without parameters then.
        """
        self.paginator = KeysetPaginator([], self.list_per_page)
        self.multi_page = self.can_show_all = False
        self.show_full_result_count = False
        try:
            with at_most(SECONDS, using=self.queryset.db):
                self.result_list = self._page()
                self.result_count = self._count()
        except TookTooLong:
            self.result_list, self.result_count = [], 0
            messages.warning(
                request,
                f"The search was given up after {SECONDS:g} s. Narrow it: an id, an idempotency key, "
                "a state or a shorter time is found at once.",
            )
        except WRONG as error:
            raise IncorrectLookupParameters(error) from error
        # The theme shows the number of results where the two differ; this list has its own way.
        self.full_result_count = self.result_count
        self.show_admin_actions = bool(self.result_list)
        self.total = "" if self.has_active_filters or self.query else self._estimate()

    def _position(self, name: str) -> Any:
        value = self.params.pop(name, "")
        self.filter_params.pop(name, None)
        return self.order.read(value)

    def _page(self) -> list[Model]:
        size, order = self.list_per_page, self.order
        if self._after is not None:
            above = self.queryset.filter(order.above(self._after))
            rows = list(above.order_by(*order.upwards)[: size + 1])
            has_newer, has_older = len(rows) > size, True
            rows = rows[:size][::-1]
        else:
            queryset = self.queryset
            if self._before is not None:
                queryset = queryset.filter(order.below(self._before))
            rows = list(queryset[: size + 1])
            has_newer, has_older = self._before is not None, len(rows) > size
            rows = rows[:size]
        self._link(rows, has_newer=has_newer, has_older=has_older)
        return rows

    def _link(self, rows: list[Model], *, has_newer: bool, has_older: bool) -> None:
        if not rows:
            self.newer_link = self.get_query_string() if has_newer or has_older else ""
            return
        if has_newer:
            self.newer_link = self.get_query_string({NEWER_THAN: self.order.key(rows[0])})
        if has_older:
            self.older_link = self.get_query_string({OLDER_THAN: self.order.key(rows[-1])})

    def _count(self) -> int:
        """Count the rows that an action over all pages would take."""
        if not self.older_link and not self.newer_link:
            return len(self.result_list)
        if getattr(self.model_admin, "list_disable_select_all", False):
            return len(self.result_list)
        count: int = self.queryset.order_by()[:MAX_BULK].count()
        return count

    def _estimate(self) -> str:
        """Return the database's own estimate of the table's size, once that is worth reading."""
        with connections[self.queryset.db].cursor() as cursor:
            cursor.execute(
                "SELECT sum(GREATEST(reltuples, 0))::bigint FROM pg_class WHERE relkind = 'r' AND ("
                "oid = %s::regclass OR oid IN (SELECT relid FROM pg_partition_tree(%s::regclass)))",
                [self.opts.db_table, self.opts.db_table],
            )
            rows = cursor.fetchone()[0]
        return f"about {rows:,} {self.opts.verbose_name_plural}" if rows > MAX_BULK else ""
