"""Go through the rows of a sealed column: which of them the first key opens, and sealing the others anew."""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ImproperlyConfigured

from tasks_core.encryption import is_newest, resealed
from tasks_core.key_rotation.columns import Place
from tasks_core.key_rotation.rows import Change, Row, next_rows, rows_by_id, write
from tasks_core.key_rotation.tokens import tokens_of, with_tokens

CHUNK = 500
"""Rows read by one statement, and changed by one transaction."""

TRIES, PAUSE_SECONDS = 10, 0.2
"""How often, and after how long, it comes back for rows that somebody else has locked."""


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """What was found, and done, among some rows.

    Attributes:
        last_id: up to here all is done.
        rows: how many were read, with a secret or not.
        sealed: how many of them hold a secret.
        changed: how many were sealed anew.
        old: ids of those that need an older key still.
        lost: ids of those that no key opens.
    """

    last_id: int
    rows: int
    sealed: int
    changed: int = 0
    old: tuple[int, ...] = ()
    lost: tuple[int, ...] = ()


def check(place: Place, *, after: int = 0) -> Iterator[Chunk]:
    """Look at all rows after an id, and change none."""
    while rows := next_rows(place, after=after, limit=CHUNK):
        after = rows[-1].id
        seen = _look(place, rows)
        yield Chunk(
            last_id=after,
            rows=len(rows),
            sealed=seen.sealed,
            old=tuple(change.id for change in seen.changes),
            lost=tuple(seen.lost),
        )


def reseal(place: Place, *, after: int = 0) -> Iterator[Chunk]:
    """Seal all rows after an id anew that the first key does not open.

    Each chunk is committed by itself, and a row that is sealed with the first key is left as it is: it can be
    run again, and at the same time as everything else.
    """
    while rows := next_rows(place, after=after, limit=CHUNK):
        after = rows[-1].id
        seen = _look(place, rows)
        changed = _change(place, seen)
        yield Chunk(
            last_id=after,
            rows=len(rows),
            sealed=seen.sealed,
            changed=changed,
            old=tuple(change.id for change in seen.changes),
            lost=tuple(seen.lost),
        )


@dataclass
class _Seen:
    """What is to be done about some rows."""

    sealed: int
    changes: list[Change]
    lost: list[int]


def _change(place: Place, seen: _Seen) -> int:
    """Make the changes; return how many. What stays locked stays in ``seen``.

    It comes back for rows that somebody else has locked, or has changed since they were read.
    """
    changed = 0
    for _ in range(TRIES):
        written = write(place, seen.changes)
        changed += len(written)
        left = [change.id for change in seen.changes if change.id not in written]
        if not left:
            seen.changes = []
            break
        time.sleep(PAUSE_SECONDS)
        again = _look(place, rows_by_id(place, left))
        seen.changes = again.changes
        seen.lost += again.lost
    return changed


def _look(place: Place, rows: Sequence[Row]) -> _Seen:
    seen = _Seen(sealed=0, changes=[], lost=[])
    for row in rows:
        if row.text is None:
            continue
        try:
            tokens = tokens_of(row.text, place.key)
            seen.sealed += bool(tokens)
            if not all(map(is_newest, tokens)):
                changed = with_tokens(row.text, place.key, resealed)
                seen.changes.append(Change(row.id, row.text, changed))
        except (ImproperlyConfigured, RecursionError):  # nested too deeply to be read by anybody
            seen.lost.append(row.id)
    return seen
