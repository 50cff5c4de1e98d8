"""Read and write the rows of one sealed column, in the order of their ids and a few at a time."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import transaction

from tasks_core import database
from tasks_core.key_rotation.columns import Place


@dataclass(frozen=True)
class Row:
    """A row and its sealed text; None if it has none."""

    id: int
    text: str | None = field(repr=False)


@dataclass(frozen=True)
class Change:
    """What is to take the place of a row's text."""

    id: int
    before: str = field(repr=False)
    after: str = field(repr=False)


def count_rows(place: Place) -> int:
    """Count the rows of the table, for the progress bar."""
    [[count]] = database.fetch(f'SELECT count(*) FROM "{place.table}"', {})  # noqa: S608
    return int(count)


def next_rows(place: Place, *, after: int, limit: int) -> list[Row]:
    """Return the rows that follow an id. All are returned, also those without a secret."""
    return _rows(
        place,
        f'SELECT * FROM "{place.table}" WHERE "{place.primary_key}" > %(after)s '  # noqa: S608
        f'ORDER BY "{place.primary_key}" LIMIT %(limit)s',
        {"after": after, "limit": limit},
    )


def rows_by_id(place: Place, ids: Sequence[int]) -> list[Row]:
    """Return the rows with these ids that still exist."""
    return _rows(
        place,
        f'SELECT * FROM "{place.table}" WHERE "{place.primary_key}" = ANY(%(ids)s::bigint[])',  # noqa: S608
        {"ids": list(ids)},
    )


def write(place: Place, changes: Sequence[Change]) -> set[int]:
    """Change the rows that nobody has locked, and whose text is what was read; return their ids.

    It waits for nobody: a task that is at work keeps its row.
    """
    if not changes:
        return set()
    kind = "text" if place.key is None else "jsonb"
    with transaction.atomic(using=database.alias()):
        free = database.fetch(
            f'SELECT "{place.primary_key}" FROM "{place.table}" '  # noqa: S608
            f'WHERE "{place.primary_key}" = ANY(%(ids)s::bigint[]) '
            f'ORDER BY "{place.primary_key}" FOR NO KEY UPDATE SKIP LOCKED',
            {"ids": [change.id for change in changes]},
        )
        mine = {pk for (pk,) in free}
        chosen = [change for change in changes if change.id in mine]
        written = database.fetch(
            f'UPDATE "{place.table}" t SET "{place.column}" = c.after::{kind} '  # noqa: S608
            "FROM unnest(%(ids)s::bigint[], %(before)s::text[], %(after)s::text[]) "
            "AS c (id, before, after) "
            f'WHERE t."{place.primary_key}" = c.id AND t."{place.column}"::text = c.before '
            f'RETURNING t."{place.primary_key}"',
            {
                "ids": [change.id for change in chosen],
                "before": [change.before for change in chosen],
                "after": [change.after for change in chosen],
            },
        )
    return {pk for (pk,) in written}


def _rows(place: Place, window: str, parameters: dict[str, object]) -> list[Row]:
    text = f'"{place.column}"::text'
    holds = f"{text} <> ''" if place.key is None else f"strpos({text}, %(mark)s) > 0"
    found = database.fetch(
        f'SELECT "{place.primary_key}", CASE WHEN {holds} THEN {text} END '  # noqa: S608
        f'FROM ({window}) AS chosen ORDER BY "{place.primary_key}"',
        {**parameters, "mark": f'"{place.key}"'},
    )
    return [Row(pk, found_text) for pk, found_text in found]
