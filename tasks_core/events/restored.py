"""Events in a copy of a database that was made by dump and restore.

There the transactions are numbered anew, so the numbers in the dumped rows lie in the future: what is written
next would look as if every cursor had seen it, and what was written before as if nobody could. Told by that,
the old events get a number that everybody sees, and the cursors go on by the ids of events, which a dump
keeps. They may give events twice, and leave none out.
"""

import logging

from django.db import transaction

from tasks_core import database
from tasks_core.database import fetch
from tasks_core.database.answer_limit import longer_answers_within
from tasks_core.database.bounded_locks import LOCK_SECONDS, lock_timeout
from tasks_core.events.window import NOTHING

logger = logging.getLogger(__name__)

ALWAYS_VISIBLE = "3"
"""The number of the first transaction that any database runs."""

MEND_SECONDS = 12 * 3_600.0
"""So long it may take: cut in the middle it begins anew, and subscribers get nothing until it is done."""

# A committed event has a lower number than the next transaction to come; one of our own may have not.
FUTURE_EVENT = """
EXISTS (
    SELECT FROM tasks_core_taskevent
    WHERE transaction_id >= pg_snapshot_xmax(pg_current_snapshot())
      AND transaction_id IS DISTINCT FROM pg_current_xact_id_if_assigned()
)
"""

FUTURE_CURSOR = """
EXISTS (
    SELECT FROM tasks_core_eventsubscription
    WHERE pg_snapshot_xmax(COALESCE(target_snapshot, snapshot)::pg_snapshot)
        > pg_snapshot_xmax(pg_current_snapshot())
)
"""

IS_RESTORED = f"SELECT {FUTURE_CURSOR} OR {FUTURE_EVENT}"

# What a cursor has not seen: ids above its floor, and what those wrote who were under way when it looked. Of
# these, some may be writing even now, in this database.
BEGIN_ANEW = """
UPDATE tasks_core_eventsubscription cursor SET
    floor = LEAST(cursor.floor, (
        SELECT min(event.id) - 1 FROM unnest(cursors.late) late (writer)
        JOIN tasks_core_taskevent event ON event.transaction_id = late.writer::xid8
        WHERE event.id <= cursor.floor
    )),
    unfinished = COALESCE((
        SELECT string_agg(writing::text, ',') FROM pg_snapshot_xip(pg_current_snapshot()) writing
        WHERE writing::text = ANY(cursors.late)
    ), ''),
    snapshot = %(nothing)s, target_snapshot = NULL, target_floor = NULL, ceiling = NULL, after = 0,
    fence = cursor.fence + 1, lease_until = NULL
FROM (
    SELECT id, string_to_array(concat_ws(
        ',', NULLIF(split_part(snapshot, ':', 3), ''), NULLIF(unfinished, '')
    ), ',') AS late
    FROM tasks_core_eventsubscription
) cursors
WHERE cursors.id = cursor.id
RETURNING cursor.name
"""

# Whatever we see although its number says that we could not.
RENUMBER = """
WITH renumbered AS (
    UPDATE tasks_core_taskevent SET transaction_id = %(always)s::xid8
    WHERE transaction_id >= pg_snapshot_xmin(pg_current_snapshot())
      AND NOT pg_visible_in_snapshot(transaction_id, pg_current_snapshot())
    RETURNING 1
)
SELECT count(*) FROM renumbered
"""


def mend_if_restored() -> bool:
    """Make cursors and events fit the numbers of this database; False if they do.

    It is one transaction, whose statements all see the same, so that no event falls between them. It takes
    as long as the events that have to be renumbered, and the subscribers wait for it.

    Raises:
        django.db.OperationalError: somebody has the cursors locked; call again.
    """
    if not _is_restored():
        return False
    with longer_answers_within(MEND_SECONDS), transaction.atomic(using=database.alias()):
        _lock_cursors()
        if not _is_restored():
            return False
        names = [name for (name,) in fetch(BEGIN_ANEW, {"nothing": NOTHING})]
        _take_all_the_time()
        [(count,)] = fetch(RENUMBER, {"always": ALWAYS_VISIBLE})
    logger.warning(
        "this database is a restored copy: %d events and the cursors of %d subscribers were made to "
        "fit it; subscribers may get events again",
        count,
        len(names),
    )
    return True


def _lock_cursors() -> None:
    """Keep the cursors from everybody, in a transaction that sees nothing of what was before.

    A lock that is waited for lets nobody past who comes later, so that wait is short.
    """
    with database.connection().cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        # SET and no query, which would come with a view of what was before the lock; and so would an advisory
        # lock, beside letting workers go on with the cursors.
        cursor.execute(f"SET LOCAL lock_timeout = '{lock_timeout(LOCK_SECONDS)}'")
        cursor.execute("LOCK TABLE tasks_core_eventsubscription IN SHARE ROW EXCLUSIVE MODE")


def _take_all_the_time() -> None:
    """Let no limit of the role cut what would have to begin anew."""
    with database.connection().cursor() as cursor:
        cursor.execute("SET LOCAL statement_timeout = 0")
        cursor.execute(
            "SET LOCAL lock_timeout = 0"
        )  # an event is locked by nobody but for a moment


def _is_restored() -> bool:
    is_restored: bool = fetch(IS_RESTORED, {})[0][0]
    return is_restored
