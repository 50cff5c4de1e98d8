"""Claim the tasks of a message, however long the database is away meanwhile."""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db import Error

from tasks_core import clock, database, database_clock, vain_messages, worker_process
from tasks_core.conf import setting
from tasks_core.database_errors import is_servers_fault
from tasks_core.statements.claim import ClaimedTask, claim, claimed_before

logger = logging.getLogger(__name__)

WAIT_SECONDS = 1.0


def claim_patiently(
    ids: list[int], *, task_type: str, worker: str, company: int
) -> tuple[list[ClaimedTask], datetime]:
    """Claim those of ``ids`` that may run, and return them with the end of their leases.

    Without the database nothing can run, so this waits for it until the worker is to stop. The message may
    also be dropped: the tasks are QUEUED, and recovery publishes them again.

    Raises:
        django.db.Error: a row is to blame, or the caller's own transaction is broken.
    """
    lease = timedelta(seconds=setting("LEASE_SECONDS"))
    tried_at: list[datetime] = []
    while True:
        until = (now := clock.now()) + lease
        try:
            database_clock.follow()  # which may change what time it is
            until = (now := clock.now()) + lease
            # The answer to an earlier try may have been lost, and not the claim.
            tasks = (
                claimed_before(ids, worker=worker, tried_at=tried_at, lease_until=until)
                if tried_at
                else []
            )
            tasks += claim(
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
            tried_at.append(now)
            if len(tried_at) == 1:  # the database may have closed this connection long ago
                continue
            if worker_process.is_stopping():
                return [], until
            vain_messages.note_failure(error)
            logger.warning("claiming %d tasks waits for the database: %s", len(ids), error)
            time.sleep(WAIT_SECONDS)
