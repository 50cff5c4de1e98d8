"""Where else an address may stand: payloads, errors and logs of tasks, triggers and the admin."""

from collections.abc import Iterator
from dataclasses import dataclass

from notifications.privacy.erasure.subject import Subject
from tasks_core import database

CHUNK = 20_000
"""Keys looked through by one statement, which commits by itself."""

LONGEST_ID = 20
"""Characters of a row's id and the dash before it."""

_ENDED_TASK = "state IN ('SUCCEEDED', 'DEAD', 'CANCELLED', 'EXPIRED')"
_AT_WORK = """
SELECT count(*) FROM tasks_core_task
WHERE state IN ('SCHEDULED', 'QUEUED', 'RUNNING', 'RETRYING') AND payload::text ~* %s
"""
_ENDED_EVENT = "status NOT IN ('scheduled', 'locked')"


@dataclass(frozen=True, kw_only=True)
class Place:
    """A table and its columns that hold what people and handlers wrote.

    ``texts``, ``keys`` and ``unique`` keys have the longest length of each, 0 for no limit. Rows
    that do not meet ``condition`` are still at work, and are left as they are.
    """

    table: str
    key: str = "id"
    documents: tuple[str, ...] = ()
    texts: tuple[tuple[str, int], ...] = ()
    keys: tuple[tuple[str, int], ...] = ()
    unique: tuple[tuple[str, int], ...] = ()
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
        documents=("payload", "headers", "request_transform", "response_transform"),
        texts=(("webhook", 2048), ("reason", 200), ("comment", 0)),
        condition=_ENDED_EVENT,
    ),
    "trigger logs": Place(
        table="notifications_triggerinvocation", documents=("request", "response")
    ),
    "mentions in notifications": Place(
        table="notifications_notification",
        documents=("context", "condition_args"),
        texts=(("reason", 200),),
        keys=(("supersede_key", 200), ("order_key", 200), ("correlation_id", 128)),
        unique=(("idempotency_key", 200),),
        condition="finished_at IS NOT NULL",
    ),
    "mentions in deliveries": Place(
        table="notifications_delivery",
        texts=(("subject", 0), ("text", 0), ("html", 0), ("error", 0)),
        keys=(("provider_message_id", 200),),
        condition="finished_at IS NOT NULL",
    ),
    "mentions in attempts": Place(
        table="notifications_deliveryattempt",
        documents=("request", "response"),
        texts=(("error", 0),),
        condition="finished_at IS NOT NULL",
    ),
    "mentions in inboxes": Place(
        table="notifications_inboxmessage", texts=(("title", 500), ("text", 0))
    ),
    "mentions in provider events": Place(
        table="notifications_providerevent",
        texts=(("reason", 200),),
        keys=(("message_id", 200),),
        unique=(("event_id", 200),),
    ),
    "mentions in recipients": Place(
        table="notifications_recipient", documents=("attributes",), unique=(("key", 150),)
    ),
    "mentions in digests": Place(
        table="notifications_digest", texts=(("reason", 200),), keys=(("key", 200),)
    ),
    "mentions in digest items": Place(table="notifications_digestitem", documents=("context",)),
    "mentions in broadcasts": Place(table="notifications_broadcast", texts=(("reason", 200),)),
    "mentions in broadcast receivers": Place(
        table="notifications_broadcastreceiver", documents=("context",), texts=(("problem", 300),)
    ),
    "mentions in lanes": Place(
        table="notifications_endpointlane", key="endpoint_id", texts=(("last_error", 500),)
    ),
    "mentions in providers' health": Place(
        table="notifications_providerhealth", key="provider_id", texts=(("last_error", 500),)
    ),
    "mentions in endpoints": Place(
        table="notifications_endpoint", texts=(("disabled_reason", 200),)
    ),
    "mentions in destinations": Place(
        table="notifications_destination", texts=(("disabled_reason", 200), ("hint", 200))
    ),
    "admin log": Place(
        table="django_admin_log", texts=(("object_repr", 200), ("change_message", 0))
    ),
}


def erase_traces(place: Place, subject: Subject) -> int:
    """Put the tombstone where the address stands; return the number of rows changed."""
    parameters = {
        "tombstone": subject.tombstone,
        "in_text": subject.in_text,
        "in_key": subject.in_key,
        "in_json": subject.in_json,
    }
    changed = 0
    with database.connection().cursor() as cursor:
        for first in _beginnings(place):
            window = {"first": first, "end": first + CHUNK}
            cursor.execute(_statement(place), {**parameters, **window})
            changed += cursor.rowcount
    return changed


def count_at_work(subject: Subject) -> int:
    """Count the tasks that hold the address and have not ended, so that they were left as they are."""
    with database.connection().cursor() as cursor:
        cursor.execute(
            _AT_WORK,
            [subject.in_json],
        )
        return int(cursor.fetchone()[0])


def _beginnings(place: Place) -> Iterator[int]:
    with database.connection().cursor() as cursor:
        cursor.execute(
            f"SELECT min({place.key}), max({place.key}) FROM {place.table}"  # noqa: S608
        )
        lowest, highest = cursor.fetchone()
    if lowest is not None:
        yield from range(lowest, highest + 1, CHUNK)


def _statement(place: Place) -> str:
    columns = [
        *((name, "in_json", _replaced(name, "in_json", 0) + "::jsonb") for name in place.documents),
        *((name, "in_text", _replaced(name, "in_text", most)) for name, most in place.texts),
        *((name, "in_key", _replaced(name, "in_key", most)) for name, most in place.keys),
        *((name, "in_key", _apart(name, place.key, most)) for name, most in place.unique),
    ]
    changes = ", ".join(f"{name} = {new}" for name, _, new in columns)
    found = " OR ".join(f"{name}::text ~* %({pattern})s" for name, pattern, _ in columns)
    return (
        f"UPDATE {place.table} SET {changes} "  # noqa: S608  (the names are those above)
        f"WHERE {place.key} >= %(first)s AND {place.key} < %(end)s AND {place.condition} "
        f"AND ({found})"
    )


def _replaced(name: str, pattern: str, longest: int) -> str:
    new = f"regexp_replace({name}::text, %({pattern})s, %(tombstone)s, 'gi')"
    return f"left({new}, {longest})" if longest else new


def _apart(name: str, key: str, longest: int) -> str:
    """Keys that only differ in capitals stay different by the row's own."""
    new = f"{_replaced(name, 'in_key', longest - LONGEST_ID)} || '-' || {key}"
    return f"CASE WHEN {name} ~* %(in_key)s THEN {new} ELSE {name} END"
