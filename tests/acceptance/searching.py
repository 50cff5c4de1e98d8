"""Everything that an installation holds, as text, for tests that look for what must be nowhere."""

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote, urlsplit

import redis
from django.conf import settings
from django.db import connection

from tests.support.written_forms import Place


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


def secrets_of_configuration() -> dict[str, str]:
    """Return the secrets that the processes of a test are configured with, by name."""
    found = {"SECRET_KEY": settings.SECRET_KEY}
    for number, key in enumerate(settings.BELLRINGER["ENCRYPTION_KEYS"]):
        found[f"encryption key {number}"] = key
    for name in ("DATABASE_URL", "CELERY_BROKER_URL", "REDIS_URL"):
        address = getattr(settings, name, "") or os.environ.get(name, "")
        password = urlsplit(address).password
        if password:
            found[f"password of {name}"] = unquote(password)
    return found


def found_secrets(secrets: Mapping[str, str], places: Mapping[str, str]) -> Iterator[str]:
    """Say which secret was found in which place, and in which forms."""
    for place, text in places.items():
        read = Place(text)
        for name, secret in secrets.items():
            if forms := read.forms_of(secret):
                yield f"{name} is in {place}: {', '.join(forms)}"
