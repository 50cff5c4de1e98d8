"""Our own Redis clients, each with time-outs, one pool per process and address."""

import os
from functools import lru_cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry

from tasks_core.broker.redis_address import for_client, is_redis, is_socket


def wake_up_client() -> redis.Redis | None:
    """Return the client for wake-up calls, or None in an installation without Redis."""
    url = getattr(settings, "REDIS_URL", None)
    return _client(url, os.getpid()) if url else None


def broker_client(*, timeout: float | None = None) -> redis.Redis | None:
    """Return a client of the broker if that is Redis, else None.

    ``timeout``: seconds to wait for a connection, and for an answer; those of the settings unless given.
    """
    url = settings.CELERY_BROKER_URL
    return _client(url, os.getpid(), timeout) if is_redis(url) else None


def key(name: str) -> str:
    """Return ``name`` with this installation's prefix."""
    return f"{getattr(settings, 'KEY_PREFIX', '')}{name}"


def connect(url: str, *, timeout: float | None = None) -> redis.Redis:
    """Return a new client; ``timeout`` goes before those of the settings and of the address."""
    # No retries: whoever waits here is a caller that has committed already, or a loop that comes again.
    options = dict(settings.REDIS_OPTIONS)
    if is_socket(url):
        options.pop("socket_keepalive", None)
    client = redis.Redis.from_url(for_client(url), retry=Retry(NoBackoff(), 0), **options)
    if timeout is not None:
        client.connection_pool.connection_kwargs.update(
            socket_timeout=timeout, socket_connect_timeout=timeout
        )
    return client


@lru_cache(maxsize=4)
def _client(url: str, _pid: int, timeout: float | None = None) -> redis.Redis:
    return connect(url, timeout=timeout)
