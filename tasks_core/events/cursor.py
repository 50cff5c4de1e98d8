"""The cursors of subscribers: claimed under a lease, moved under a fence."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks_core.database import fetch
from tasks_core.database.bounded_locks import BOUNDED
from tasks_core.events.restored import FUTURE_EVENT
from tasks_core.events.window import NOTHING, Window, under_way

NEWEST_ID = """
(SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END FROM tasks_core_taskevent_id_seq)
"""

# A snapshot names the transactions that are under way only up to the last one that has ended: of those that
# began after it nothing is known, though they may have drawn an id. So this statement ends a transaction that
# began when the id was read, and a snapshot that is taken afterwards names whoever has drawn a lower one.
HIGHEST_ID = """
SELECT CASE WHEN is_called THEN last_value ELSE last_value - 1 END, pg_current_xact_id()
FROM tasks_core_taskevent_id_seq
"""

CREATE = """
INSERT INTO tasks_core_eventsubscription (
    name, state, created_at, snapshot, floor, after, unfinished, fence, holder, failures, error, delivered
)
SELECT %(name)s, 'active', %(now)s, COALESCE(%(snapshot)s, pg_current_snapshot()::text), %(floor)s,
    0, '', 0, '', 0, '', 0
ON CONFLICT (name) DO NOTHING
RETURNING id
"""

EXISTING = "SELECT name FROM tasks_core_eventsubscription WHERE name = ANY(%(names)s)"

# By the clock of the database: those of the workers may differ, or jump.
CLAIM = f"""
UPDATE tasks_core_eventsubscription SET
    holder = %(holder)s, fence = fence + 1, claimed_at = clock_timestamp(),
    lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE {BOUNDED} AND name = %(name)s AND state = 'active'
  AND (lease_until IS NULL OR lease_until < clock_timestamp())
  AND (retry_at IS NULL OR retry_at <= clock_timestamp())
RETURNING id, fence, snapshot, floor, target_snapshot, target_floor, ceiling, after, unfinished
"""  # noqa: S608 its parts stand in this file and in bounded_locks

# The snapshot comes after the floor and before the ceiling. In a restored copy of the database, whose numbers
# do not fit those of its events yet, no window may be opened: it would leave events out.
OPEN = f"""
UPDATE tasks_core_eventsubscription SET
    target_snapshot = pg_current_snapshot()::text,
    target_floor = %(floor)s,
    ceiling = {NEWEST_ID},
    after = 0
WHERE {BOUNDED} AND id = %(id)s AND fence = %(fence)s AND target_snapshot IS NULL
  AND pg_snapshot_xmax(snapshot::pg_snapshot) <= pg_snapshot_xmax(pg_current_snapshot())
  AND NOT {FUTURE_EVENT}
RETURNING target_snapshot, ceiling
"""  # noqa: S608 its parts stand in this file

ADVANCE = f"""
UPDATE tasks_core_eventsubscription SET
    after = %(after)s,
    delivered = delivered + %(count)s,
    last_event_at = COALESCE(%(last_event_at)s, last_event_at),
    advanced_at = clock_timestamp(),
    failures = CASE WHEN %(count)s > 0 THEN 0 ELSE failures END,
    error = CASE WHEN %(count)s > 0 THEN '' ELSE error END,
    retry_at = NULL,
    lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
WHERE {BOUNDED} AND id = %(id)s AND fence = %(fence)s
RETURNING state
"""  # noqa: S608 its parts stand in this file and in bounded_locks

CLOSE = f"""
UPDATE tasks_core_eventsubscription SET
    snapshot = target_snapshot, floor = target_floor, after = 0, unfinished = '',
    target_snapshot = NULL, target_floor = NULL, ceiling = NULL, advanced_at = clock_timestamp(),
    lease_until = CASE WHEN %(goes_on)s THEN lease_until END
WHERE {BOUNDED} AND id = %(id)s AND fence = %(fence)s AND target_snapshot IS NOT NULL
RETURNING state, snapshot, floor
"""  # noqa: S608 its parts stand in this file and in bounded_locks

RELEASE = f"""
UPDATE tasks_core_eventsubscription SET lease_until = NULL
WHERE {BOUNDED} AND id = %(id)s AND fence = %(fence)s
RETURNING id
"""  # noqa: S608 its parts stand in this file and in bounded_locks

FAIL = f"""
UPDATE tasks_core_eventsubscription SET
    failures = failures + %(charged)s::int,
    error = %(error)s,
    retry_at = clock_timestamp() + make_interval(
        secs => GREATEST(LEAST(power(2, LEAST(failures, 20)), %(cap)s), %(pause)s)
    ),
    state = CASE
        WHEN state = 'active' AND failures + %(charged)s::int >= %(max_failures)s THEN 'parked'
        ELSE state
    END,
    lease_until = NULL
WHERE {BOUNDED} AND id = %(id)s AND fence = %(fence)s
RETURNING state, failures
"""  # noqa: S608 its parts stand in this file and in bounded_locks

# Whoever was still writing when a cursor last looked is asked for by name: a busy server always has some.
WORTH_A_LOOK = f"""
SELECT name, claimed_at FROM tasks_core_eventsubscription
WHERE name = ANY(%(names)s) AND state = 'active'
  AND (lease_until IS NULL OR lease_until < clock_timestamp())
  AND (retry_at IS NULL OR retry_at <= clock_timestamp())
  AND (target_snapshot IS NOT NULL OR floor < {NEWEST_ID} OR EXISTS (
      SELECT FROM string_to_table(
          concat_ws(',', NULLIF(split_part(snapshot, ':', 3), ''), NULLIF(unfinished, '')), ','
      ) late (writer)
      JOIN tasks_core_taskevent ON transaction_id = late.writer::xid8
  ))
"""  # noqa: S608 its parts stand in this file

LONGEST_PAUSE = 300.0
"""Seconds between two calls of a handler that keeps failing."""


@dataclass(frozen=True, slots=True)
class Cursor:
    """A claimed subscription, and the window that is under way, if one is."""

    id: int
    fence: int
    snapshot: str
    floor: int
    late: tuple[str, ...]
    window: Window | None


def highest_id() -> int:
    """Return the highest id that an event has drawn so far.

    Outside of a transaction, snapshots that are taken afterwards name all writers of it and of lower ones
    who are still under way.
    """
    highest: int = fetch(HIGHEST_ID, {})[0][0]
    return highest


def existing(names: list[str]) -> set[str]:
    """Return those of ``names`` that have a cursor."""
    return {name for (name,) in fetch(EXISTING, {"names": names})}


def create(name: str, *, from_beginning: bool, now: datetime) -> bool:
    """Make the cursor of a new subscriber; False if there is one."""
    if from_beginning:
        start = {"floor": 0, "snapshot": NOTHING}
    else:
        start = {"floor": highest_id(), "snapshot": None}
    return bool(fetch(CREATE, {"name": name, "now": now, **start}))


def claim(name: str, *, holder: str, seconds: float) -> Cursor | None:
    """Take the subscription for ``seconds``; None if somebody has it, or it is not to be called now."""
    rows = fetch(CLAIM, {"name": name, "holder": holder, "seconds": seconds})
    if not rows:
        return None
    pk, fence, snapshot, floor, target, _, ceiling, after, unfinished = rows[0]
    late = (*under_way(snapshot), *(writer for writer in unfinished.split(",") if writer))
    window = (
        None if target is None else Window(snapshot, floor, target, ceiling, after, late).begun()
    )
    return Cursor(pk, fence, snapshot, floor, late, window)


def open_window(cursor: Cursor) -> Window | None:
    """Begin to read what has become visible; None if the cursor is not ours, or does not fit yet."""
    parameters = {"id": cursor.id, "fence": cursor.fence, "floor": highest_id()}
    rows = fetch(OPEN, parameters)
    if not rows:
        return None
    target, ceiling = rows[0]
    return Window(cursor.snapshot, cursor.floor, target, ceiling, 0, cursor.late).begun()


def advance(
    cursor: Cursor, after: int, *, count: int, last_event_at: datetime | None, seconds: float
) -> bool:
    """Note what was delivered and keep the lease; False if the cursor is not ours, or is paused."""
    parameters = {
        "id": cursor.id,
        "fence": cursor.fence,
        "after": after,
        "count": count,
        "last_event_at": last_event_at,
        "seconds": seconds,
    }
    return _goes_on(fetch(ADVANCE, parameters))


def close_window(cursor: Cursor, *, goes_on: bool) -> Cursor | None:
    """Note that all of the window is delivered, and give the cursor up unless the holder goes on.

    None if the cursor is not ours any more, or is paused.
    """
    rows = fetch(CLOSE, {"id": cursor.id, "fence": cursor.fence, "goes_on": goes_on})
    if not _goes_on(rows):
        return None
    _, snapshot, floor = rows[0]
    return Cursor(cursor.id, cursor.fence, snapshot, floor, under_way(snapshot), None)


def release(cursor: Cursor) -> None:
    """Let others have it."""
    fetch(RELEASE, {"id": cursor.id, "fence": cursor.fence})


def fail(
    cursor: Cursor,
    *,
    error: str,
    max_failures: int,
    pause: float = 0.0,
    is_charged: bool = True,
) -> tuple[str, int] | None:
    """Note a failure; return the state it leads to and how many there were, None if it is not ours.

    ``pause``: seconds that the next call waits at least. One that ``is_charged`` counts towards the most.
    """
    parameters = {
        "id": cursor.id,
        "fence": cursor.fence,
        "error": error,
        "max_failures": max_failures,
        "cap": LONGEST_PAUSE,
        "pause": pause,
        "charged": 1 if is_charged else 0,
    }
    rows = fetch(FAIL, parameters)
    return (rows[0][0], rows[0][1]) if rows else None


def worth_a_look(names: list[str]) -> dict[str, datetime | None]:
    """Return those of ``names`` that may have something to get, with when each was last claimed."""
    return dict(fetch(WORTH_A_LOOK, {"names": names}))


def _goes_on(rows: list[tuple[Any, ...]]) -> bool:
    return bool(rows) and rows[0][0] == "active"
