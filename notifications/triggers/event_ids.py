"""The ids of cron events: known before the tick, and the same however often it is fired."""

from datetime import datetime
from uuid import UUID, uuid5

import tasks_core
from notifications.task_payloads import TICK
from notifications.triggers.timestamps import written
from tasks_core.models import Occurrence

_NAMESPACE = UUID("4e4e2a55-7a2d-5c8e-9f0c-3f6f6d2b8f51")


def tick_id(trigger_id: int, scheduled_time: datetime) -> UUID:
    """Return the id of the event of a tick."""
    return uuid5(_NAMESPACE, f"{trigger_id} {written(scheduled_time)}")


def cancel_tick(event_id: UUID | str) -> bool:
    """Leave out the upcoming tick that would get this id; False if there is none."""
    upcoming = Occurrence.objects.upcoming().filter(schedule__task_type=TICK)
    rows = upcoming.values_list("pk", "due", "schedule__payload__trigger")
    for key, due, trigger_id in rows.iterator():
        if str(tick_id(trigger_id, due)) == str(event_id):
            reason = "deleted before it was due"
            return tasks_core.cancel_occurrence(key, reason=reason, inner=True)
    return False
