"""Summarize the events of an old day, a batch of tasks at a time, and then drop its partition.

In batches, because a transaction that runs for minutes keeps readers of new events waiting. How far it has
come is committed with each batch, so after a crash it goes on there, and no event counts twice.
"""

from datetime import date, datetime

from django.db import transaction

from tasks_core import clock, database
from tasks_core.database import fetch
from tasks_core.events.partitions import DEFAULT, drop, partition_name
from tasks_core.events.summarizing import summarize_and_delete, summarize_stored
from tasks_core.models import EventPartition

EVENTS = 20_000
"""Events that a batch holds, about: all those of its last task are in it."""

# Whatever a transaction writes that is older than all those in progress now, the batches see. Rows of a
# database that was restored may have larger numbers than that, and are there to stay all the same.
_BEGIN = """
INSERT INTO tasks_core_eventpartition (day, position, boundary)
SELECT %(day)s, 0, CASE
    WHEN newest >= pg_snapshot_xmax(now) THEN (newest::text::bigint + 1)::text::xid8
    ELSE pg_snapshot_xmin(now) END
FROM pg_current_snapshot() AS now LEFT JOIN LATERAL (
    SELECT transaction_id AS newest FROM {partition} ORDER BY transaction_id DESC LIMIT 1
) AS last ON true
ON CONFLICT (day) DO NOTHING
RETURNING day
"""

_NEXT = """
SELECT max(task_id) FROM (
    SELECT task_id FROM {partition} WHERE task_id > %(after)s ORDER BY task_id LIMIT %(limit)s
) AS event
"""


def compact(day: date, *, events: int = EVENTS) -> int:
    """Summarize one batch of the events of ``day``; drop its partition after the last one.

    Returns how many events were summarized; 0 if that was done, or if somebody else is at it.

    Raises:
        TableBusy: the partition cannot be dropped now; call again.
    """
    if not EventPartition.objects.filter(pk=day).exists():
        fetch(_BEGIN.format(partition=partition_name(day)), {"day": day})
    with transaction.atomic(using=database.alias()):
        mark = EventPartition.objects.select_for_update(skip_locked=True).filter(pk=day).first()
        if mark is None:
            return 0
        if mark.compacted_at is None and (count := _batch(mark, events)):
            return count
    drop(day, late_from=mark.boundary)
    return 0


def compact_default(*, before: datetime, events: int = EVENTS) -> int:
    """Summarize and delete a batch of what lies outside of all days; return how many events."""
    return summarize_and_delete(DEFAULT, before=before, limit=events)


def _batch(mark: EventPartition, events: int) -> int:
    name, after = partition_name(mark.day), mark.position
    until = fetch(_NEXT.format(partition=name), {"after": after, "limit": events})[0][0]
    marks = EventPartition.objects.filter(pk=mark.pk, position=after)
    if until is None:
        marks.update(compacted_at=clock.now())
        return 0
    count = summarize_stored(name, after=after, until=until, boundary=mark.boundary)
    marks.update(position=until)
    return max(count, 1)
