"""Deleting some old rows: as many as a batch has, and none that somebody holds."""

from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet

from tasks_core.database.bounded_locks import BRIEF_LOCK_SECONDS, bounded_locks
from tasks_core.database.row_backoff import RETENTION_PAUSE, RowBackoff

ROUNDS = 10
"""So many batches of which none can be removed are stepped past at once."""

_failing: dict[str, RowBackoff] = {}


def failing(label: str) -> RowBackoff:
    """Return what is known of the rows of a model that could not be removed."""
    if label not in _failing:
        _failing[label] = RowBackoff(
            f"{label} {{}} cannot be removed by age",
            "See which row of another table refers to it: a foreign key to it needs on_delete=SET_NULL or "
            "CASCADE, or db_constraint=False.",
            longest=RETENTION_PAUSE,
        )
    return _failing[label]


def delete_some(old: QuerySet[Any], limit: int) -> int:
    """Delete a batch of rows with what hangs on them; return how many there were.

    Rows that cannot be deleted are stepped past, and so is any number of them.
    """
    model = old.model
    aside = failing(model._meta.label)

    def delete(ids: Sequence[Any]) -> int:
        model._default_manager.filter(pk__in=ids).delete()
        return len(ids)

    removed = 0
    for _ in range(ROUNDS):
        with bounded_locks(seconds=BRIEF_LOCK_SECONDS):
            # Without an order, so that a join or a condition does not make the database sort all of them.
            wanted = old.exclude(pk__in=aside.aside()).order_by()
            held = wanted.select_for_update(skip_locked=True, of=("self",))
            ids = list(held.values_list("pk", flat=True)[:limit])
            removed = aside.serve(ids, delete, key=lambda pk: pk)
        if removed or len(ids) < limit:
            break
    return removed
