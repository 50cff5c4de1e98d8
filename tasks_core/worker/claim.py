"""Claim the tasks of a message, however long the database is away meanwhile."""

import logging
import time
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db import Error, ProgrammingError

from tasks_core import clock, conf, database
from tasks_core.database import server_clock
from tasks_core.database.answer_limit import answers_within
from tasks_core.database.brief_transaction import brief_transaction
from tasks_core.database.errors import is_healed_by_savepoint, is_servers_fault
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.sql.claim import ClaimedTask, claim, claimed_before
from tasks_core.sql.dispatch import postpone
from tasks_core.worker import process, vain_messages

logger = logging.getLogger(__name__)

WAIT_SECONDS = 1.0

REFUSED_SECONDS = 60.0
"""So much later, at most, a task is dispatched again whose row cannot be changed."""

_failing = RowBackoff(
    "task {} cannot be claimed",
    "Mend what refuses the change (a trigger, a constraint), or cancel the task.",
    longest=REFUSED_SECONDS,
)


@answers_within()
def claim_patiently(
    ids: list[int], *, task_type: str, worker: str, company: int, tried_at: list[datetime]
) -> tuple[list[ClaimedTask], datetime]:
    """Claim those of ``ids`` that may run, and return them with the end of their leases.

    The instant of each try is added to ``tried_at``, for whoever cuts this short (``claimed_meanwhile``).

    Without the database nothing can run, so this waits for it until the worker is to stop. The message may
    also be dropped: the tasks are QUEUED, and recovery publishes them again. A task that a trigger or a
    constraint keeps as it is comes back later, and its neighbours are claimed.

    Raises:
        django.db.Error: the caller's own transaction is broken, or a lock is waited for in vain.
    """
    lease = timedelta(seconds=conf.current().lease_seconds)
    failures = 0
    while True:
        until = (now := clock.now()) + lease
        try:
            server_clock.follow()  # which may change what time it is
            until = (now := clock.now()) + lease
            # The answer to an earlier try may have been lost, and not the claim.
            tasks = (
                claimed_before(ids, worker=worker, tried_at=tried_at, lease_until=until)
                if tried_at
                else []
            )
            tried_at.append(now)
            tasks += _claim(
                ids,
                task_type=task_type,
                worker=worker,
                lease_until=until,
                now=now,
                company=company,
            )
            return tasks, until
        except Error as error:
            connection = database.connection()
            if connection.in_atomic_block or not is_servers_fault(error):
                raise
            database.discard(connection)
            failures += 1
            if failures == 1:  # the database may have closed this connection long ago
                continue
            if process.is_stopping():
                return [], until
            vain_messages.note_failure(error)
            logger.warning("claiming %d tasks waits for the database: %s", len(ids), error)
            time.sleep(WAIT_SECONDS)


@answers_within()
def claimed_meanwhile(
    ids: list[int], *, worker: str, tried_at: list[datetime]
) -> tuple[list[ClaimedTask], datetime]:
    """Return what was claimed by tries that something else than the database has cut short.

    A server that has not answered yet may still claim something; recovery sees to that.
    """
    until = clock.now() + timedelta(seconds=conf.current().lease_seconds)
    connection = database.connection()
    if connection.in_atomic_block:
        return [], until
    database.discard(connection)  # perhaps in the middle of the statement
    try:
        return claimed_before(ids, worker=worker, tried_at=tried_at, lease_until=until), until
    except Error as error:
        logger.warning("tasks whose claim was cut short are left to recovery: %s", error)
        return [], until


def _claim(
    ids: list[int],
    *,
    task_type: str,
    worker: str,
    lease_until: datetime,
    now: datetime,
    company: int,
) -> list[ClaimedTask]:
    def claim_some(some: Sequence[int]) -> list[ClaimedTask]:
        return claim(
            list(some),
            task_type=task_type,
            worker=worker,
            lease_until=lease_until,
            now=now,
            company=company + len(ids) - len(some),
        )

    try:
        return _on_a_fair_session(lambda: claim_some(ids))
    except Error as error:
        if database.connection().in_atomic_block or not is_healed_by_savepoint(error):
            raise
        refusal = error
    with brief_transaction():
        _failing.serve(ids, lambda some: len(claim_some(some)), key=lambda task_id: task_id)
        # Not all that were returned: some may have been rolled back with others.
        tasks = claimed_before(ids, worker=worker, tried_at=[now], lease_until=lease_until)
    if not tasks:
        vain_messages.note_failure(refusal)
    _postpone_refused(set(ids).intersection(_failing.ids()), now)
    return tasks


def _on_a_fair_session(claim_all: Callable[[], list[ClaimedTask]]) -> list[ClaimedTask]:
    """Claim, and once more on a new session if this one may not see or do what it should.

    Somebody's code may have left it with a role or a search path of its own.
    """
    try:
        return claim_all()
    except ProgrammingError:
        if database.connection().in_atomic_block:
            raise
        database.discard(database.connection())
        return claim_all()


def _postpone_refused(ids: set[int], now: datetime) -> None:
    """Let them come back after a while, and not at once; if that is refused too, recovery sees to them."""
    try:
        seconds = _failing.seconds_left(ids)
        postpone(sorted(ids), seconds=seconds, reason="its claim was refused", now=now)
    except Error as error:
        if not is_healed_by_savepoint(error):
            raise
