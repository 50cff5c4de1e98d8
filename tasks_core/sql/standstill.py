"""Find tasks that are handed to the broker and come to nothing."""

from dataclasses import dataclass
from datetime import datetime

from tasks_core.database import fetch

STANDING_LANES = """
SELECT queue_name, priority, count(*), min(run_after), min(queued_at)
FROM tasks_core_task
WHERE state = 'QUEUED' AND queued_at < %(queued_before)s AND run_after < %(due_before)s
  AND NOT EXISTS (
      SELECT 1 FROM tasks_core_lane lane
      WHERE lane.queue_name = tasks_core_task.queue_name
        AND lane.priority = tasks_core_task.priority AND lane.claimed_until >= %(due_before)s
  )
GROUP BY queue_name, priority
ORDER BY priority, queue_name
"""

LOST_AGAIN = """
WITH lost AS (
    SELECT task_id FROM tasks_core_taskevent
    WHERE at > %(since)s AND kind = 'lost' AND data ->> 'what' = 'message'
    GROUP BY task_id HAVING count(*) > 1
)
SELECT queue_name, priority, count(*), min(run_after), min(queued_at)
FROM tasks_core_task
WHERE id = ANY(ARRAY(SELECT task_id FROM lost))
  AND state || '' IN ('SCHEDULED', 'RETRYING', 'QUEUED')
GROUP BY queue_name, priority
ORDER BY priority, queue_name
"""


@dataclass(frozen=True, slots=True)
class StandingLane:
    """A lane with tasks that should have begun; ``oldest_due`` is when the first of them should have."""

    queue_name: str
    priority: int
    count: int
    oldest_due: datetime
    queued_since: datetime | None


def standing_lanes(*, due_before: datetime, queued_before: datetime) -> list[StandingLane]:
    """Return the lanes with tasks due and queued before then, of which no worker has begun any since."""
    parameters = {"due_before": due_before, "queued_before": queued_before}
    return [StandingLane(*row) for row in fetch(STANDING_LANES, parameters)]


def lost_again(*, since: datetime) -> list[StandingLane]:
    """Return the lanes with waiting tasks whose message was lost more than once ``since`` then."""
    return [StandingLane(*row) for row in fetch(LOST_AGAIN, {"since": since})]
