"""End tasks whose time is over before an attempt began."""

from __future__ import annotations

import logging

from django.db import InterfaceError, OperationalError

from tasks_core import clock
from tasks_core.brief_transaction import RECEIVERS_SECONDS, brief_transaction
from tasks_core.endings import announce_unsuccessful
from tasks_core.models import Task
from tasks_core.statements.end import expire, expire_one

logger = logging.getLogger(__name__)

LIMIT = 1_000


def expire_tasks() -> int:
    """Expire one batch of overdue tasks; return how many. Call again while it is full."""
    try:
        with brief_transaction(seconds=RECEIVERS_SECONDS):
            ids = expire(limit=LIMIT, now=clock.now())
            announce_unsuccessful(ids)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # noqa: BLE001 a receiver of the signal may raise anything
        logger.warning("overdue tasks are expired one by one: %s", error)
        return _expire_one_by_one()
    return len(ids)


def _expire_one_by_one() -> int:
    """A receiver that fails for one task must not keep the others from their end."""
    now = clock.now()
    ids = Task.objects.expired(now).order_by("expires_at").values_list("pk", flat=True)
    return sum(_expired(task_id) for task_id in ids[:LIMIT])


def _expired(task_id: int) -> bool:
    try:
        with brief_transaction(seconds=RECEIVERS_SECONDS):
            is_expired = expire_one(task_id, now=clock.now())
            announce_unsuccessful([task_id] if is_expired else [])
    except (OperationalError, InterfaceError):
        raise
    except Exception:
        logger.exception("task %d is not expired", task_id)
        return False
    return is_expired
