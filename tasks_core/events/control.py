"""Stop a subscriber of events, let it go on, or give it once more what it has had."""

from datetime import datetime

from django.db.models import Min

from tasks_core.client.options import instant
from tasks_core.database import fetch
from tasks_core.events.cursor import highest_id
from tasks_core.events.known import known_name
from tasks_core.events.subscription import BUILT_IN
from tasks_core.events.window import NOTHING
from tasks_core.exceptions import InvalidOption
from tasks_core.models import EventSubscription, TaskEvent

PAUSE = """
UPDATE tasks_core_eventsubscription SET state = 'paused'
WHERE name = %(name)s AND state IN ('active', 'parked')
RETURNING name
"""

RESUME = """
UPDATE tasks_core_eventsubscription SET state = 'active', failures = 0, retry_at = NULL, error = ''
WHERE name = %(name)s AND state IN ('paused', 'parked')
RETURNING name
"""

# The fence takes the cursor from a worker that is about to move it. What the subscriber has not had yet stays
# to be read: it begins no later than where it was, and remembers who was still writing then.
REWIND = """
UPDATE tasks_core_eventsubscription SET
    unfinished = concat_ws(',', NULLIF(unfinished, ''), NULLIF(split_part(snapshot, ':', 3), '')),
    snapshot = %(snapshot)s, floor = LEAST(floor, %(floor)s),
    target_snapshot = NULL, target_floor = NULL, ceiling = NULL, after = 0,
    fence = fence + 1, lease_until = NULL,
    state = 'active', failures = 0, retry_at = NULL, error = ''
WHERE name = %(name)s
RETURNING name
"""


def pause_subscription(name: str) -> bool:
    """Let the subscriber get nothing until it is resumed; then it goes on where it was.

    False if it is paused already.

    Raises:
        SubscriptionNotFound: no cursor has this name; the message lists those there are.
    """
    return bool(fetch(PAUSE, {"name": known_name(name)}))


def resume_subscription(name: str) -> bool:
    """Let a paused or parked subscriber go on where it was; False if it is active.

    Raises:
        SubscriptionNotFound: no cursor has this name; the message lists those there are.
    """
    return bool(fetch(RESUME, {"name": known_name(name)}))


def replay_events(
    name: str, *, since: datetime | None = None, after: int | None = None
) -> EventSubscription:
    """Return the subscriber again all stored events from then on, and then what is new; it becomes active.

    Events that were written at the same time as the first of them may come as well, though older.

    Args:
        name: of the subscriber.
        since: aware datetime; events that happened then or later.
        after: an event's id; those with a higher one. Exactly one of the two must be given.

    Raises:
        SubscriptionNotFound: no cursor has this name; the message lists those there are.
        InvalidOption: names the argument and what would be right.
    """
    if name in BUILT_IN:
        raise InvalidOption(f"{name!r} counts each event exactly once; it cannot get one again")
    if (since is None) == (after is None):
        raise InvalidOption("give either since or after, and not both")
    if since is not None:
        since = instant("since", since, error=InvalidOption)
    if after is not None and after < 0:
        raise InvalidOption(f"after must be the id of an event, or 0 for all; not {after}")
    floor = _id_before(since) if after is None else after
    parameters = {"name": known_name(name), "snapshot": NOTHING, "floor": floor}
    fetch(REWIND, parameters)
    return EventSubscription.objects.get(name=name)


def _id_before(since: datetime | None) -> int:
    """Return an id below those of all events since then."""
    first = TaskEvent.objects.filter(at__gte=since).aggregate(id=Min("id"))["id"]
    return highest_id() if first is None else first - 1
