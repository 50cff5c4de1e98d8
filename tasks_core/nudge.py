"""Wake the dispatcher when something is due at once.

Only a hint: the dispatcher looks by itself as well, so a lost nudge costs time, never a task.
"""

from __future__ import annotations

import logging
import time

import redis

from tasks_core.redis_client import key, wake_up_client

logger = logging.getLogger(__name__)

PAUSE_AFTER_ERROR = 5.0
"""Seconds without nudges after Redis has failed, so that callers don't wait for its time-out each time."""

_paused_until = 0.0


def nudge() -> None:
    """Wake one dispatcher, if Redis can be reached."""
    global _paused_until
    client = wake_up_client()
    if client is None or time.monotonic() < _paused_until:
        return
    try:
        with client.pipeline(transaction=False) as pipeline:
            pipeline.lpush(key("nudge"), 1)
            pipeline.ltrim(key("nudge"), 0, 0)  # one wake-up serves for all that is due
            pipeline.execute()
    except (redis.RedisError, OSError) as error:
        _paused_until = time.monotonic() + PAUSE_AFTER_ERROR
        logger.warning("Redis takes no nudge, the dispatcher will find the tasks itself: %s", error)


def wait_for_nudge(seconds: float) -> bool:
    """Wait at most ``seconds`` for a nudge; return whether one came.

    Raises:
        redis.RedisError: Redis cannot be reached; the caller should sleep instead.
    """
    client = wake_up_client()
    if client is None:
        time.sleep(seconds)
        return False
    return client.brpop([key("nudge")], timeout=max(seconds, 0.01)) is not None
