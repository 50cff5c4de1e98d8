"""Where else an address may stand: payloads, errors and logs of tasks, triggers and the admin."""

from collections.abc import Iterator
from dataclasses import dataclass

from django.db import connection

from notifications.erasure.subject import Subject

CHUNK = 20_000
"""Keys looked through by one statement, which commits by itself."""

_ENDED_TASK = "state IN ('SUCCEEDED', 'DEAD', 'CANCELLED', 'EXPIRED')"
_AT_WORK = """
SELECT count(*) FROM tasks_core_task
WHERE state IN ('SCHEDULED', 'QUEUED', 'RUNNING', 'RETRYING') AND payload::text ~* %s
"""
_ENDED_EVENT = "status NOT IN ('scheduled', 'locked')"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A table and its columns that hold what people and handlers wrote.

    ``texts`` and ``keys`` have the longest length of each, 0 for no limit. Rows that do not meet
    ``condition`` are still at work, and are left as they are.
    """

    table: str
    key: str = "id"
    documents: tuple[str, ...] = ()
    texts: tuple[tuple[str, int], ...] = ()
    keys: tuple[tuple[str, int], ...] = ()
    condition: str = "true"


PLACES: dict[str, Place] = {
    "tasks": Place(
        table="tasks_core_task",
        documents=("payload", "result", "progress", "checkpoint"),
        texts=(("error", 0),),
        keys=(("correlation_id", 128), ("idempotency_key", 255)),
        condition=_ENDED_TASK,
    ),
    "dead letters": Place(
        table="tasks_core_deadletter",
        texts=(("reason", 200), ("message", 0), ("traceback", 0), ("note", 0)),
    ),
    "events": Place(table="tasks_core_taskevent", documents=("data",)),
    "histories": Place(table="tasks_core_taskhistory", key="task_id", texts=(("error", 0),)),
    "trigger events": Place(
        table="notifications_triggerevent",
        documents=("payload", "headers"),
        texts=(("webhook", 2048), ("reason", 200), ("comment", 0)),
        condition=_ENDED_EVENT,
    ),
    "trigger logs": Place(
        table="notifications_triggerinvocation", documents=("request", "response")
    ),
    "admin log": Place(
        table="django_admin_log", texts=(("object_repr", 200), ("change_message", 0))
    ),
}


def erase_traces(place: Place, subject: Subject) -> int:
    """Put the tombstone where the address stands; give the number of rows changed."""
    parameters = {
        "tombstone": subject.tombstone,
        "in_text": subject.in_text,
        "in_key": subject.in_key,
        "in_json": subject.in_json,
    }
    changed = 0
    with connection.cursor() as cursor:
        for first in _beginnings(place):
            window = {"first": first, "end": first + CHUNK}
            cursor.execute(_statement(place), {**parameters, **window})
            changed += cursor.rowcount
    return changed


def count_at_work(subject: Subject) -> int:
    """Count the tasks that hold the address and have not ended, so that they were left as they are."""
    with connection.cursor() as cursor:
        cursor.execute(
            _AT_WORK,
            [subject.in_json],
        )
        return int(cursor.fetchone()[0])


def _beginnings(place: Place) -> Iterator[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT min({place.key}), max({place.key}) FROM {place.table}"  # noqa: S608
        )
        lowest, highest = cursor.fetchone()
    if lowest is not None:
        yield from range(lowest, highest + 1, CHUNK)


def _statement(place: Place) -> str:
    columns = [
        *((name, "in_json", "::jsonb", 0) for name in place.documents),
        *((name, "in_text", "", longest) for name, longest in place.texts),
        *((name, "in_key", "", longest) for name, longest in place.keys),
    ]
    changes = ", ".join(
        f"{name} = {_replaced(name, pattern, cast, longest)}"
        for name, pattern, cast, longest in columns
    )
    found = " OR ".join(f"{name}::text ~* %({pattern})s" for name, pattern, _, _ in columns)
    return (
        f"UPDATE {place.table} SET {changes} "  # noqa: S608  (the names are those above)
        f"WHERE {place.key} >= %(first)s AND {place.key} < %(end)s AND {place.condition} "
        f"AND ({found})"
    )


def _replaced(name: str, pattern: str, cast: str, longest: int) -> str:
    new = f"regexp_replace({name}::text, %({pattern})s, %(tombstone)s, 'gi'){cast}"
    return f"left({new}, {longest})" if longest else new
