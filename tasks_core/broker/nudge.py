"""Wake the dispatchers when something is due at once, and the leader when schedules have changed.

Only a hint: each looks by itself as well, so a lost nudge costs time, never a task. It goes over
Redis' pub/sub, which keeps nothing while nobody listens, and whose listener can wait to the millisecond
(a blocking pop cannot: the server looks at its time-outs ten times a second).
"""

import logging
import time
from enum import StrEnum
from itertools import islice

import redis
from django.db import transaction
from redis.client import PubSub

from tasks_core import database
from tasks_core.broker.caller_redis import RedisSilent, wake_up_redis
from tasks_core.broker.redis_client import key, wake_up_client

logger = logging.getLogger(__name__)

NOBODY_LISTENS_SECONDS = 0.5
"""Seconds without nudges after one that nobody heard: a dispatcher that starts looks by itself first."""

LOOK_BACK = 1_000
"""Callbacks of a transaction among which its nudge is looked for; past these it gets another one."""


class About(StrEnum):
    """What is to be looked at: each has listeners of its own, and wakes nobody else."""

    TASKS = "nudge"
    SCHEDULES = "nudge:schedules"


_paused_until: dict[About, float] = {}


def nudge(about: About = About.TASKS) -> None:
    """Wake who looks after that, if Redis can be reached."""
    redis_server = wake_up_redis()
    if redis_server is None or time.monotonic() < _paused_until.get(about, 0.0):
        return
    try:
        listeners = redis_server.ask(lambda client: client.publish(key(about), ""))
    except RedisSilent:
        return  # it has been said there
    except redis.ResponseError as error:
        logger.warning("Redis takes no nudge, what is due will be found without it: %s", error)
        listeners = 0
    if not listeners:
        _paused_until[about] = time.monotonic() + NOBODY_LISTENS_SECONDS


def nudge_on_commit(about: About = About.TASKS) -> None:
    """Wake who looks after that when the transaction is committed, once whoever asks in it and how often."""
    connection = database.connection()
    if not connection.in_atomic_block:
        nudge(about)
        return
    # Django drops what a savepoint has registered if that is rolled back: what is found here will be run.
    for _, waiting, *_ in islice(reversed(connection.run_on_commit), LOOK_BACK):
        if isinstance(waiting, _Nudge) and waiting.about is about and not waiting.is_done:
            return
    transaction.on_commit(_Nudge(about), using=connection.alias, robust=True)


class _Nudge:
    """One transaction's nudge."""

    is_done = False

    def __init__(self, about: About) -> None:
        self.about = about

    def __call__(self) -> None:
        self.is_done = True
        nudge(self.about)


class Listener:
    """One thread's ear for nudges."""

    def __init__(self, about: About = About.TASKS) -> None:
        self._about = about
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
        subscription.subscribe(key(self._about))
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
