"""Removing some old rows: as many as a batch has, none that somebody holds, and past those that cannot go."""

from collections.abc import Callable, Sequence
from typing import Any

from tasks_core.database import fetch
from tasks_core.database.brief_transaction import RECEIVERS_SECONDS, brief_transaction
from tasks_core.database.row_backoff import RowBackoff

ROUNDS = 10
"""So many batches of which none can be removed are stepped past at once."""

REMEDY = (
    "See which row of another table refers to it. A foreign key to it needs on_delete=SET_NULL or CASCADE, "
    "or db_constraint=False; one that Django does not know needs ON DELETE in the database."
)


def remove_some(
    old: str,
    delete: Callable[[Sequence[Any]], int],
    failing: RowBackoff,
    parameters: dict[str, Any],
    limit: int,
) -> int:
    """Remove one batch of rows; return how many. Call again while it is not 0.

    Args:
        old: a query that locks rows and gives the key of each, at most ``limit`` and none of ``apart_from``.
        delete: deletes rows by their keys and returns how many.
        failing: which of them are stepped past.
        parameters: what else the query takes.
        limit: size of a batch.
    """
    removed = 0
    for _ in range(ROUNDS):
        with brief_transaction(seconds=RECEIVERS_SECONDS):
            wanted = {**parameters, "limit": limit, "apart_from": failing.aside()}
            keys = [row[0] for row in fetch(old, wanted)]
            removed = failing.serve(keys, delete, key=lambda key: key)
        if removed or len(keys) < limit:
            break
    return removed
