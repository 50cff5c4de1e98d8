"""Tasks of a type that no beat knows: they wait aside, and hold up none of the others."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta

from tasks_core.database.row_backoff import RowBackoff
from tasks_core.lanes import lane_name
from tasks_core.models import Worker
from tasks_core.registry import task_types
from tasks_core.sql.dispatch import WaitingLane, set_aside

logger = logging.getLogger(__name__)

_failing = RowBackoff(
    "the tasks of unknown types at the front of lane {} cannot be set aside",
    "Mend what refuses the change (a trigger, a constraint), or cancel them.",
)

BATCH = 2_000
"""Tasks of a lane that one round looks at."""

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(minutes=5)
"""How long they wait until somebody looks at them again: as long as they have waited, within these bounds."""


def set_aside_unknown(lanes: Sequence[WaitingLane], *, now: datetime) -> int:
    """Postpone the tasks at the front of ``lanes`` that no beat can dispatch; return how many.

    Without that they would be looked at in each round, before those behind them. What a beat of another
    release knows is left to it.
    """
    if not lanes:
        return 0
    known = sorted({*task_types(), *_known_to_others(now)})
    found = 0
    failing = _failing.aside()
    for lane in lanes:
        name = lane_name(lane.queue_name, lane.priority)
        if lane.first_type not in known and name not in failing:
            with _failing.stepping_past(name):
                found += _set_aside(lane, known, now)
    return found


def _set_aside(lane: WaitingLane, known: list[str], now: datetime) -> int:
    counts = set_aside(lane, known, limit=BATCH, between=(SHORTEST, LONGEST), now=now)
    for task_type, count in counts.items():
        logger.warning(
            "task type %r is not registered in any beat; %d tasks wait for one that knows it",
            task_type,
            count,
        )
    return sum(counts.values())


def _known_to_others(now: datetime) -> set[str]:
    beats = Worker.objects.alive(now).filter(role=Worker.Role.BEAT)
    return {name for names in beats.values_list("task_types", flat=True) for name in names}
