"""Redis as callers reach it: one short wait, then none until it has answered again.

Whoever enqueues has committed its row already, and all that Redis could add is a little speed. So a Redis
that hangs may cost a caller SECONDS once. After that one caller at a time looks again, after a pause that
grows, and the others go on at once. Beat and workers, whose work it is to reach Redis, wait for longer.
"""

import logging
import os
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import TypeVar

import redis
from django.conf import settings

from tasks_core.broker.redis_address import is_redis
from tasks_core.broker.redis_client import connect
from tasks_core.engine.breaker import (
    Breaker,
    BreakerRule,
    BreakerState,
    after_failure,
    after_success,
    probed,
)

logger = logging.getLogger(__name__)

SECONDS = 0.3
"""For a connection to one address, and for an answer. Resolving a name has no limit but the system's own, and
a name with several addresses that do not answer costs as many waits."""

RULE = BreakerRule(threshold=1, pause=1.0, longest_pause=30.0)
"""A short pause at first: on a busy machine a single answer comes late for reasons of its own."""

PROBE_SECONDS = 5.0
"""After so long a probe whose thread has vanished no longer keeps others from looking."""

Answer = TypeVar("Answer")


class RedisSilent(Exception):
    """Redis did not answer in time, or was not asked because it did not lately."""


class CallerRedis:
    """One Redis, and what the threads of this process have learnt about it."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self._breaker = Breaker()
        self._lock = threading.Lock()

    @property
    def may_answer(self) -> bool:
        """Tell, without a contact, whether asking is worth while."""
        breaker = self._breaker
        return breaker.state is BreakerState.CLOSED or breaker.is_probe_due(_now())

    def ask(self, question: Callable[[redis.Redis], Answer]) -> Answer:
        """Return what ``question`` makes of the client.

        Raises:
            RedisSilent: there was no answer, or nobody waits for one now.
            redis.ResponseError: there was one, a refusal.
        """
        if not self._may_ask():
            raise RedisSilent("Redis has not answered lately")
        began = time.monotonic()
        try:
            answer = question(self._client)
        except redis.ResponseError:
            self._answered()
            raise
        except (redis.RedisError, OSError) as error:
            self._failed(error)
            raise RedisSilent(str(error)) from error
        if time.monotonic() - began > SECONDS:
            self._failed(f"it took longer than {SECONDS:g} s")
        else:
            self._answered()
        return answer

    def _may_ask(self) -> bool:
        if self._breaker.state is BreakerState.CLOSED:
            return True
        with self._lock:
            now = _now()
            if not self._breaker.is_probe_due(now):
                return False
            self._breaker = probed(self._breaker, now=now, patience=PROBE_SECONDS)
            return True

    def _answered(self) -> None:
        if self._breaker.state is not BreakerState.CLOSED or self._breaker.failures:
            with self._lock:
                self._breaker = after_success(self._breaker)
            logger.info("Redis answers callers again")

    def _failed(self, reason: object) -> None:
        with self._lock:
            before, now = self._breaker, _now()
            self._breaker = after_failure(before, RULE, now=now)
            until = self._breaker.until
        if before.openings != self._breaker.openings and until is not None:
            logger.warning(
                "Redis does not answer callers (%s): their tasks go through the dispatcher, "
                "which will find them itself; the next look is in %.0f s",
                reason,
                (until - now).total_seconds(),
            )


def wake_up_redis() -> CallerRedis | None:
    """Return Redis for wake-up calls, or None in an installation without."""
    url = getattr(settings, "REDIS_URL", None)
    return _at(url, os.getpid()) if url else None


def broker_redis() -> CallerRedis | None:
    """Return the broker if that is Redis, else None."""
    url = settings.CELERY_BROKER_URL
    return _at(url, os.getpid()) if is_redis(url) else None


@lru_cache(maxsize=4)
def _at(url: str, _pid: int) -> CallerRedis:
    return CallerRedis(connect(url, timeout=SECONDS))


def _now() -> datetime:
    """Return an instant of a clock that nobody sets, for the breaker alone."""
    return datetime.fromtimestamp(_elapsed(), UTC)


_elapsed = time.monotonic
