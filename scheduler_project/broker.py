"""How connections to the broker and to Redis are made."""

from typing import Any

from scheduler_project.configuration import Configuration
from tasks_core.broker.redis_address import for_celery, is_redis


def redis_options(configuration: Configuration) -> dict[str, Any]:
    """Return the options that every Redis client of ours is made with.

    Without them a client waits for ever on a connection that is dead but was never closed.
    """
    return {
        "socket_timeout": configuration.redis_socket_timeout,
        "socket_connect_timeout": configuration.redis_connect_timeout,
        "socket_keepalive": True,
        "health_check_interval": configuration.redis_health_check_interval,
    }


def redis_url(configuration: Configuration) -> str | None:
    """Return the address of Redis for wake-up calls, None if the installation has none."""
    if configuration.redis_url:
        return configuration.redis_url.get_secret_value()
    broker = broker_url(configuration)
    return broker if is_redis(broker) else None


def broker_url(configuration: Configuration) -> str:
    """Return the address of the broker for Celery."""
    return for_celery(configuration.broker_url.get_secret_value())


def transport_options(configuration: Configuration) -> dict[str, Any]:
    """Return kombu's options for the broker."""
    broker = configuration.broker_url.get_secret_value()
    if is_redis(broker):
        return {**redis_options(configuration), **_redis_transport(configuration)}
    if broker.startswith("sqs:"):
        return {
            "visibility_timeout": configuration.visibility_timeout,
            "queue_name_prefix": configuration.key_prefix.replace(":", "-"),
        }
    return {"confirm_publish": True}


def _redis_transport(configuration: Configuration) -> dict[str, Any]:
    return {
        # A publish that timed out may have arrived; the row decides on another, not the client.
        "retry_on_timeout": False,
        "visibility_timeout": configuration.visibility_timeout,
        "unacked_restore_interval": 10,
        "unacked_restore_throttle": 1,
        "unacked_restore_limit": 1000,
        "unacked_mutex_expire": 60,
        "global_keyprefix": configuration.key_prefix,
        # Priority is in the names of the lanes; each is a single list.
        "priority_steps": [0],
        "queue_order_strategy": "tasks_core.lanes:LaneOrder",
    }
