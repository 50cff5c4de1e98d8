"""Which events a subscriber has not seen yet: by visibility, not by id or time.

Ids are drawn and times are read before a transaction commits, so an event may appear behind others that were
read long ago. Which transactions a reader could see is what a snapshot says; so the events between two
snapshots are exactly those that became visible in between, however long their transactions were open, and
nothing has to wait for the slowest. (PgQ, the queue of Skype, reads its batches the same way.)

If one transition of a task is committed before the next begins, whatever snapshot sees the second sees the
first. So a task's events come in order window by window, and within a window by id.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tasks_core.database import fetch_often
from tasks_core.engine.events import Event, read_event

NOTHING = "1:1:"
"""The snapshot of a reader that has seen nothing."""

SPAN = 100_000
"""Ids that one statement looks at, so that none runs for long after a pause of hours."""

_COLUMNS = "id, task_id, task_type, kind, attempt, at, duration, data"

_WANTED = """
pg_visible_in_snapshot(transaction_id, %(target)s::pg_snapshot)
      AND (%(kinds)s::text[] = '{}' OR kind = ANY(%(kinds)s::text[]))
      AND (%(task_types)s::text[] = '{}' OR task_type = ANY(%(task_types)s::text[]))
"""

# Of the transactions that were open when the last window ended, those that have ended since.
LATE = f"""
FROM unnest(%(late)s::text[]) AS late (writer)
CROSS JOIN LATERAL (
    SELECT * FROM tasks_core_taskevent
    WHERE transaction_id = late.writer::xid8 AND id > %(after)s::bigint AND id <= %(upper)s::bigint
      AND {_WANTED}
    ORDER BY id LIMIT %(limit)s::bigint
) event
"""  # noqa: S608 its parts stand in this file

# Those that began since then. An event draws its id after its transaction has begun to write.
NEW = f"""
FROM (
    SELECT * FROM tasks_core_taskevent
    WHERE id > %(after)s::bigint AND id <= %(upper)s::bigint
      AND NOT pg_visible_in_snapshot(transaction_id, %(seen)s::pg_snapshot)
      AND {_WANTED}
    ORDER BY id LIMIT %(limit)s::bigint
) event
"""  # noqa: S608


@dataclass(frozen=True, slots=True)
class Window:
    """The events that ``target`` sees and ``seen`` does not, without those up to the id ``after``.

    Attributes:
        floor: highest id drawn before ``seen`` was taken.
        ceiling: highest id that ``target`` can see.
        late: transactions that were under way when ``seen`` was taken: they may have written lower ids.
    """

    seen: str
    floor: int
    target: str
    ceiling: int
    after: int
    late: tuple[str, ...] = ()

    @property
    def is_read(self) -> bool:
        """Whether nothing is left in it."""
        return self.after >= self.ceiling

    def begun(self) -> "Window":
        """Return it without the part that cannot hold anything."""
        return self if self.late or self.after >= self.floor else self.moved(self.floor)

    def moved(self, after: int) -> "Window":
        """Return what is left of it after this id."""
        return replace(self, after=after)

    def step(self) -> tuple[str, int]:
        """Return the source of the next events in SQL, and the highest id it looks at."""
        if self.after < self.floor:
            return LATE, self.floor
        return NEW, min(self.ceiling, self.after + SPAN)

    def parameters(
        self,
        *,
        upper: int,
        limit: int | None = None,
        kinds: Iterable[str] = (),
        task_types: Iterable[str] = (),
    ) -> dict[str, Any]:
        """Return what the SQL of ``step`` needs; without a limit, kinds or types it takes all."""
        return {
            "late": list(self.late),
            "seen": self.seen,
            "target": self.target,
            "after": self.after,
            "upper": upper,
            "kinds": list(kinds),
            "task_types": list(task_types),
            "limit": limit,
        }


def under_way(snapshot: str) -> tuple[str, ...]:
    """Return the transactions that were under way when ``snapshot`` was taken."""
    return tuple(writer for writer in snapshot.rpartition(":")[2].split(",") if writer)


def read(
    window: Window, *, kinds: Iterable[str], task_types: Iterable[str], limit: int
) -> tuple[list[Event], int]:
    """Return the next events of ``window`` in order, and the id up to which those are all.

    No kinds or types means all of them.
    """
    source, upper = window.step()
    parameters = window.parameters(upper=upper, limit=limit, kinds=kinds, task_types=task_types)
    sql = f"SELECT {_COLUMNS} {source} ORDER BY id LIMIT %(limit)s::bigint"
    events = [_event(row) for row in fetch_often(sql, parameters)]
    return events, (events[-1].id if len(events) == limit else upper)


def _event(row: tuple[Any, ...]) -> Event:
    *columns, duration, data = row
    facts = dict(zip(("id", "task_id", "task_type", "kind", "attempt", "at"), columns, strict=True))
    # The driver gives JSON as text.
    return read_event(**facts, duration=duration, data=None if data is None else json.loads(data))
