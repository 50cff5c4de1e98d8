"""What beat does for the app again and again: each duty a call, and how soon it is called again."""

from collections.abc import Callable

from notifications.broadcasts.upkeep import advance_broadcasts, remove_leftovers
from notifications.limits.clean_up import clean_up as clean_up_limits
from notifications.privacy.retention.all_kinds import clean_up_all
from notifications.provider_events.late import delete_old_events, follow_late_events
from notifications.sending.endpoint_lanes.release import wake_waiting
from notifications.sending.pipeline.kept_codes import forget_expired
from notifications.triggers.clean_up import clean_up as clean_up_triggers
from notifications.triggers.lost_locks import release_lost_locks
from tasks_core.duties.duty import Duty

PAUSE_BETWEEN_BATCHES = 0.1

SENDING_BROADCAST_SECONDS = 0.5
"""Between two looks while a broadcast is being sent."""

LANES_SECONDS = 1.0
"""How soon room in a lane is noticed that nobody has announced: after a pause, or a worker's death."""


def make_duties() -> list[Duty]:
    """Return the duties for beat, not yet started."""
    return [
        Duty("limit-clean-up", _in_batches(clean_up_limits, 60.0)),
        Duty("code-expiry", _in_batches(forget_expired, 5.0)),
        Duty("trigger-clean-up", _in_batches(clean_up_triggers, 60.0)),
        Duty("trigger-locks", _regularly(release_lost_locks, 10.0)),
        Duty("notification-retention", _in_batches(clean_up_all, 60.0)),
        Duty("broadcasts", _in_batches(advance_broadcasts, 3.0, SENDING_BROADCAST_SECONDS)),
        Duty("broadcast-leftovers", _in_batches(remove_leftovers, 60.0)),
        Duty("webhook-lanes", _regularly(wake_waiting, LANES_SECONDS), is_brief=True),
        Duty("late-events", _in_batches(follow_late_events, 5.0)),
        Duty("old-events", _in_batches(delete_old_events, 300.0)),
    ]


def _in_batches(
    work: Callable[[], object], idle: float, busy: float = PAUSE_BETWEEN_BATCHES
) -> Callable[[], float]:
    """Call ``work`` again after ``busy`` seconds while it has something to do, else after ``idle``."""

    def run() -> float:
        return busy if work() else idle

    return run


def _regularly(work: Callable[[], object], seconds: float) -> Callable[[], float]:
    def run() -> float:
        work()
        return seconds

    return run
