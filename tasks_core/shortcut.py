"""The short way into an idle lane: the caller publishes its task itself, on commit.

It saves the way through the dispatcher where nothing has to be ordered, held back or gathered: the lane's
broker queue is empty and this process enqueues only now and then. Everywhere else the dispatcher is
faster, and it alone keeps the broker's backlog bounded.
"""

from __future__ import annotations

import logging
import threading
import time
from datetime import datetime

from tasks_core import clock
from tasks_core.conf import setting
from tasks_core.context import current_context
from tasks_core.lanes import lane_name
from tasks_core.publisher import BrokerUnavailable, Message, publish, waiting_messages
from tasks_core.redis_client import broker_client
from tasks_core.statements.dispatch import hold

logger = logging.getLogger(__name__)

QUIET_SECONDS = 0.003
"""A process that enqueues more often than this goes through the dispatcher, which makes batches of it."""

IDLE_SECONDS = 0.1
"""So long a lane that was seen empty is taken to be empty still: what a process adds meanwhile is a few
messages at most, because it must be quiet as well."""

PAUSE_AFTER_ERROR = 5.0

_lock = threading.Lock()
_last_enqueued: dict[str, float] = {}
_seen_idle: dict[str, float] = {}
_closed_until = 0.0


def is_open(queue_name: str, priority: int) -> bool:
    """Tell whether a task for this lane may be published by its caller."""
    if not setting("PUBLISH_ON_COMMIT") or current_context.get() is not None:
        return False  # what handlers enqueue comes in numbers: the dispatcher makes batches of it
    lane = lane_name(queue_name, priority)
    if not _is_quiet(lane) or broker_client() is None:
        return False
    if time.monotonic() - _seen_idle.get(lane, float("-inf")) < IDLE_SECONDS:
        return True
    try:
        is_idle = waiting_messages([lane])[lane] == 0
    except BrokerUnavailable as error:
        _close(error)
        return False
    if is_idle:
        _seen_idle[lane] = time.monotonic()
    return is_idle


def publish_now(message: Message, *, queued_at: datetime) -> None:
    """Publish a task that was inserted as QUEUED; leave it to the dispatcher if that fails."""
    try:
        publish([message])
    except BrokerUnavailable as error:
        _close(error)
        reason = "the broker is unreachable"
        hold(message.ids, queued_at=queued_at, reason=reason, now=clock.now())


def _is_quiet(lane: str) -> bool:
    now = time.monotonic()
    with _lock:
        last = _last_enqueued.get(lane, float("-inf"))
        _last_enqueued[lane] = now
    return now - last > QUIET_SECONDS and now > _closed_until


def _close(error: BrokerUnavailable) -> None:
    global _closed_until
    _closed_until = time.monotonic() + PAUSE_AFTER_ERROR
    logger.warning("tasks go through the dispatcher for %.0f s: %s", PAUSE_AFTER_ERROR, error)
