"""Events that are locked though nobody delivers them: their worker was lost."""

from django.db.models import F

from notifications.models import TriggerEvent
from notifications.states import TriggerEventStatus
from notifications.task_payloads import DELIVER_EVENT
from tasks_core.database.bounded_locks import BRIEF_LOCK_SECONDS, bounded_locks
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.engine.states import State
from tasks_core.models import Task

LIMIT = 1_000
_failing = RowBackoff("event {} of a trigger cannot be unlocked", "Mend what refuses the change.")


def release_lost_locks() -> int:
    """Unlock events whose task waits again; return how many.

    The platform's lease has told that the attempt was lost; until the next one begins, the event shows
    what it is: scheduled. The attempt is named, so one that begins at this moment keeps its lock.
    """
    waiting = Task.objects.filter(
        state__in=(State.SCHEDULED, State.QUEUED, State.RETRYING), task_type=DELIVER_EVENT
    )
    locked = (
        TriggerEvent.objects.filter(
            status=TriggerEventStatus.LOCKED, task_id__in=waiting.values("pk")
        )
        .exclude(pk__in=_failing.aside())
        .values_list("pk", "locked_by")
    )
    released = 0
    for key, attempt in list(locked[:LIMIT]):
        with _failing.stepping_past(key), bounded_locks(seconds=BRIEF_LOCK_SECONDS):
            released += TriggerEvent.objects.filter(
                pk=key, locked_by=attempt, status=TriggerEventStatus.LOCKED
            ).update(status=TriggerEventStatus.SCHEDULED, locked_at=None, losses=F("losses") + 1)
    return released
