"""Wake the dispatchers when something is due at once.

Only a hint: a dispatcher looks by itself as well, so a lost nudge costs time, never a task. It goes over
Redis' pub/sub, which keeps nothing while nobody listens, and whose listener can wait to the millisecond
(a blocking pop cannot: the server looks at its time-outs ten times a second).
"""

from __future__ import annotations

import logging
import time

import redis
from redis.client import PubSub

from tasks_core.redis_client import key, wake_up_client

logger = logging.getLogger(__name__)

PAUSE_AFTER_ERROR = 5.0
"""Seconds without nudges after Redis failed, so that callers don't wait for its time-out each time."""

NOBODY_LISTENS_SECONDS = 0.5
"""Seconds without nudges after one that nobody heard: a dispatcher that starts looks by itself first."""

_paused_until = 0.0


def nudge() -> None:
    """Wake the dispatchers, if Redis can be reached."""
    global _paused_until
    client = wake_up_client()
    if client is None or time.monotonic() < _paused_until:
        return
    try:
        if not client.publish(key("nudge"), ""):
            _paused_until = time.monotonic() + NOBODY_LISTENS_SECONDS
    except (redis.RedisError, OSError) as error:
        _paused_until = time.monotonic() + PAUSE_AFTER_ERROR
        logger.warning("Redis takes no nudge, the dispatcher will find the tasks itself: %s", error)


class Listener:
    """One thread's ear for nudges."""

    def __init__(self) -> None:
        self._subscription: PubSub | None = None

    def wait(self, seconds: float) -> None:
        """Wait for a nudge, at most ``seconds``.

        Raises:
            redis.RedisError: Redis cannot be reached; the next call tries again.
        """
        client = wake_up_client()
        if client is None:
            time.sleep(seconds)
            return
        try:
            subscription = self._subscription or self._subscribe(client)
            if _heard(subscription, seconds):
                while _heard(subscription, 0.0):
                    pass  # one look at the tables serves for all nudges up to now
        except (redis.RedisError, OSError):
            self._subscription = None
            raise

    def _subscribe(self, client: redis.Redis) -> PubSub:
        subscription: PubSub = client.pubsub(ignore_subscribe_messages=True)  # type: ignore[no-untyped-call]
        subscription.subscribe(key("nudge"))
        self._subscription = subscription
        return subscription


def _heard(subscription: PubSub, seconds: float) -> bool:
    """Wait for one nudge until the time is over; confirmations and health checks don't count."""
    deadline = time.monotonic() + seconds
    while True:
        left = max(deadline - time.monotonic(), 0.0)
        if subscription.get_message(timeout=left) is not None:
            return True
        if left == 0.0:
            return False
