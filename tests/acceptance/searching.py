"""Everything that an installation holds, as text, for tests that look for what must be nowhere."""

from collections.abc import Callable
from typing import Any

import redis
from django.conf import settings
from django.db import connection


def whole_database() -> str:
    """Return every row of every table."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        found = []
        for (table,) in cursor.fetchall():
            cursor.execute(f'SELECT t::text FROM "{table}" t')
            found += [f"{table}: {row}" for (row,) in cursor.fetchall()]
    return "\n".join(found)


def whole_broker(broker: "redis.Redis", pattern: str = f"{settings.KEY_PREFIX}*") -> str:
    """Return the keys of this test, or others, with their values."""
    return "\n".join(f"{key!r}: {_value(broker, key)!r}" for key in broker.scan_iter(pattern))


def _value(broker: Any, key: bytes) -> object:
    read: dict[bytes, Callable[[], object]] = {
        b"list": lambda: broker.lrange(key, 0, -1),
        b"hash": lambda: broker.hgetall(key),
        b"set": lambda: broker.smembers(key),
        b"zset": lambda: broker.zrange(key, 0, -1, withscores=True),
        b"string": lambda: broker.get(key),
        b"stream": lambda: broker.xrange(key),
        b"none": lambda: b"",  # it has gone meanwhile
    }
    return read[broker.type(key)]()
