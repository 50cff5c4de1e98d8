"""The short way into an idle lane: the caller publishes its task itself, on commit.

It saves the way through the dispatcher where nothing has to be ordered, held back or gathered: the lane's
broker queue is empty and this process enqueues only now and then. Everywhere else the dispatcher is
faster, and it alone keeps the broker's backlog bounded.

Inside the transaction nothing is asked of the broker: its answers to earlier messages say whether the way
looks open, and the message that goes out on commit is taken only if the lane is idle indeed.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction

from tasks_core import clock, conf, database
from tasks_core.broker.message import Message
from tasks_core.broker.nudge import LOOK_BACK, nudge
from tasks_core.broker.publish import BrokerUnavailable, callers_broker, offer
from tasks_core.context import current_context
from tasks_core.lanes import lane_name
from tasks_core.sql.dispatch import hold

logger = logging.getLogger(__name__)

QUIET_SECONDS = 0.003
"""A process that enqueues more often than this goes through the dispatcher, which makes batches of it."""

IDLE_SECONDS = 0.1
"""So long a lane that was seen idle takes messages although some wait: what a process adds meanwhile is a
few messages at most, because it must be quiet as well."""

BUSY_SECONDS = 0.02
"""So long a lane that was seen busy is left to the dispatcher. What goes that way is more work for everybody,
so a process that looked away for longer would keep busy what was so for a moment."""

PAUSE_AFTER_ERROR = 5.0

_ANY_NUMBER = 2**31

_last_enqueued: dict[str, float] = {}
_seen_idle: dict[str, float] = {}
_seen_busy: dict[str, float] = {}
_closed_until = 0.0


def is_open(queue_name: str, priority: int) -> bool:
    """Tell whether a task for this lane may be published by its caller, as far as is known here."""
    if not conf.current().publish_on_commit or current_context.get() is not None:
        return False  # what handlers enqueue comes in numbers: the dispatcher makes batches of it
    lane = lane_name(queue_name, priority)
    if not _is_quiet(lane) or _is_recent(_seen_busy, lane, BUSY_SECONDS):
        return False
    broker = callers_broker()
    return broker is not None and broker.may_answer and not _has_one_already(lane)


def publish_on_commit(message: Message, *, queued_at: datetime) -> None:
    """Publish a task that was inserted as QUEUED when the transaction is committed.

    It is left to the dispatcher if the broker does not take it.
    """
    publication = _Publication(message, queued_at)
    transaction.on_commit(publication, using=database.alias(), robust=True)


@dataclass(frozen=True, slots=True)
class _Publication:
    message: Message
    queued_at: datetime

    def __call__(self) -> None:
        reason = _published(self.message)
        if reason is not None:
            hold(self.message.ids, queued_at=self.queued_at, reason=reason, now=clock.now())
            nudge()


def _published(message: Message) -> str | None:
    """Publish, and return why not if the broker did not take it."""
    lane = message.lane
    most = _ANY_NUMBER if _is_recent(_seen_idle, lane, IDLE_SECONDS) else 0
    broker = callers_broker()
    if broker is None:
        return "callers no longer publish themselves"
    try:
        waiting = offer(broker, message, most_waiting=most)
    except BrokerUnavailable as error:
        if broker.may_answer:
            _close(error)
        return "the broker is unreachable"
    if waiting == 0:
        _seen_idle[lane] = time.monotonic()
    if waiting <= most:
        return None
    _seen_busy[lane] = time.monotonic()
    return "the lane is busy"


def _has_one_already(lane: str) -> bool:
    """Tell whether the transaction is going to publish to this lane: two are a batch already."""
    callbacks = database.connection().run_on_commit
    return any(
        isinstance(waiting, _Publication) and waiting.message.lane == lane
        for _, waiting, *_ in islice(reversed(callbacks), LOOK_BACK)
    )


def _is_quiet(lane: str) -> bool:
    now = time.monotonic()
    last = _last_enqueued.get(lane, float("-inf"))
    _last_enqueued[lane] = now  # two threads at once may both be quiet: that is one message more
    return now - last > QUIET_SECONDS and now > _closed_until


def _is_recent(seen: dict[str, float], lane: str, seconds: float) -> bool:
    return time.monotonic() - seen.get(lane, float("-inf")) < seconds


def _close(error: BrokerUnavailable) -> None:
    """Leave a broker alone that answers, but takes nothing; of its silence others take care."""
    global _closed_until
    _closed_until = time.monotonic() + PAUSE_AFTER_ERROR
    logger.warning("tasks go through the dispatcher for %.0f s: %s", PAUSE_AFTER_ERROR, error)
