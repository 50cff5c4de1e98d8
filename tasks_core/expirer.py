"""End tasks whose time is over before an attempt began."""

from __future__ import annotations

from django.db import transaction

from tasks_core import clock, database
from tasks_core.endings import announce_unsuccessful
from tasks_core.statements.end import expire

LIMIT = 1_000


def expire_tasks() -> int:
    """Expire one batch of overdue tasks; return how many. Call again while it is full."""
    with transaction.atomic(using=database.alias()):
        ids = expire(limit=LIMIT, now=clock.now())
        announce_unsuccessful(ids)
    return len(ids)
