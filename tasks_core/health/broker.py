"""Is the broker there, and does it keep what it is given?"""

from collections.abc import Iterator
from typing import Any

import redis
from celery import current_app
from django.conf import settings
from kombu.exceptions import OperationalError

from tasks_core.broker.redis_client import broker_client, wake_up_client
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter

report = Reporter("broker")

OLDEST_VERSION = (6, 2)
FULL = 0.9
"""Share of maxmemory from which on the broker counts as nearly full."""


def look() -> Iterator[Finding]:
    """Connect and ask."""
    client = broker_client()
    if client is None:
        yield from _any_broker()
    else:
        try:
            facts: dict[str, Any] = client.info()
        except (redis.RedisError, OSError) as error:
            yield _unreachable(error)
            return
        yield from judge_redis(facts)
    yield from _wake_up(client)


def judge_redis(facts: dict[str, Any]) -> Iterator[Finding]:
    """Judge what Redis or Valkey says of itself in answer to INFO."""
    version = str(facts.get("redis_version", "0"))
    name = "Valkey" if facts.get("server_name") == "valkey" else "Redis"
    yield report.healthy(f"{name} {facts.get('valkey_version', version)} answers")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_VERSION:
        yield report.unhealthy(f"Redis {version} is too old", "upgrade it to 6.2 or later")
    if facts.get("role") == "slave":
        yield report.unhealthy(
            "the broker is a replica, which takes no messages", "point BROKER_URL to the primary"
        )
    if facts.get("loading"):
        yield report.degraded("the broker is still loading its data", "wait a little")
    yield from _memory(facts)


def _memory(facts: dict[str, Any]) -> Iterator[Finding]:
    policy, limit = facts.get("maxmemory_policy", "noeviction"), int(facts.get("maxmemory", 0))
    if policy != "noeviction":
        yield report.degraded(
            f"maxmemory-policy is {policy}: when memory is short, Redis drops messages, "
            "and their tasks start only after recovery has noticed",
            "set maxmemory-policy to noeviction",
        )
    if limit and int(facts["used_memory"]) > FULL * limit:
        share = 100 * int(facts["used_memory"]) // limit
        yield report.degraded(
            f"the broker's memory is {share} % full",
            "raise maxmemory, or see what else uses this Redis",
        )


def _any_broker() -> Iterator[Finding]:
    try:
        with current_app.connection_for_write(connect_timeout=5) as connection:
            connection.ensure_connection(max_retries=1, interval_start=0, timeout=5)
    except (OperationalError, OSError) as error:
        yield _unreachable(error)
        return
    yield report.healthy(f"the {settings.CELERY_BROKER_URL.partition(':')[0]} broker answers")


def _wake_up(broker: redis.Redis | None) -> Iterator[Finding]:
    client = wake_up_client()
    if client is None:
        yield report.degraded(
            "there is no Redis for wake-up calls: tasks start up to a second later",
            "set BELLRINGER_REDIS_URL",
        )
        return
    if broker is not None and settings.REDIS_URL == settings.CELERY_BROKER_URL:
        return
    try:
        client.ping()
    except (redis.RedisError, OSError) as error:
        yield report.degraded(
            f"Redis for wake-up calls cannot be reached: {error}; tasks start up to a second later",
            "start it, or correct BELLRINGER_REDIS_URL",
        )


def _unreachable(error: Exception) -> Finding:
    return report.unhealthy(
        f"the broker cannot be reached: {error}; tasks are stored, but none is started",
        "start it, or correct BROKER_URL",
    )
