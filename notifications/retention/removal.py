"""Deleting some old rows: as many as a batch has, and none that somebody holds."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet


@transaction.atomic
def delete_some(old: QuerySet[Any], limit: int) -> int:
    """Delete a batch of rows with what hangs on them; give how many there were."""
    # Without an order, so that a join or a condition does not make the database sort all of them.
    held = old.order_by().select_for_update(skip_locked=True, of=("self",))
    ids = list(held.values_list("pk", flat=True)[:limit])
    if ids:
        old.model._default_manager.filter(pk__in=ids).delete()
    return len(ids)
