"""Look for one-time codes where they must not be: the database, the broker, the logs."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import redis
from django.conf import settings
from django.db import connection

from examples.demo.checks import Check
from examples.payments.codes import ALPHABET, LENGTH

# Every place at which a code could begin, also inside a longer word.
_CANDIDATE = re.compile(rf"(?=([{ALPHABET}]{{{LENGTH}}}))".encode())
_TABLES = """
SELECT oid::regclass::text FROM pg_class
WHERE relkind = 'r' AND relnamespace::regnamespace::text NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1
"""


def check_codes(codes: Collection[str], logs: Path) -> Check:
    """Search all tables, all keys of the broker and all logs below a folder for `codes`."""
    wanted = {code.encode() for code in codes}
    places = {"the database": database(), "the broker": broker(), "the logs": log_files(logs)}
    found = [where for where, texts in places.items() if _holds(texts, wanted)]
    if found:
        return Check(False, f"One-time codes were found in {', '.join(found)}")
    return Check(True, f"None of {len(wanted):,} one-time codes is in {', '.join(places)}")


def check_arrived(sent: Mapping[str, str], texts: Mapping[str, str]) -> Check:
    """Every delivered code is in its own mail or SMS; `sent` has the codes by their identities."""
    missing = sum(code not in texts.get(message_id, "") for message_id, code in sent.items())
    if missing:
        return Check(False, f"{missing:,} of {len(sent):,} delivered mails and SMS lack their code")
    return Check(True, f"All {len(sent):,} delivered one-time codes are in their mails and SMS")


def database() -> Iterator[bytes]:
    """Give the rows of all tables, those of a partitioned one from its partitions."""
    with connection.cursor() as cursor:
        cursor.execute(_TABLES)
        for (table,) in cursor.fetchall():
            with cursor.copy(f"COPY {table} TO STDOUT") as rows:
                for row in rows:
                    yield bytes(row)


def broker() -> Iterator[bytes]:
    """Give the keys of the broker and what they hold."""
    options = {**settings.REDIS_OPTIONS, "decode_responses": False}
    with redis.Redis.from_url(settings.CELERY_BROKER_URL, **options) as client:
        for key in client.scan_iter(count=1000):
            yield key
            yield repr(_content(client, key)).encode()


def log_files(folder: Path) -> Iterator[bytes]:
    """Give the lines of all logs below a folder."""
    for path in folder.rglob("*.log"):
        with path.open("rb") as lines:
            yield from lines


def _content(client: "redis.Redis", key: bytes) -> Any:
    kind = client.type(key)
    if kind == b"list":
        return client.lrange(key, 0, -1)
    if kind == b"hash":
        return client.hgetall(key)
    if kind == b"set":
        return client.smembers(key)
    if kind == b"zset":
        return client.zrange(key, 0, -1)
    if kind == b"stream":
        return client.xrange(key)
    return client.get(key)


def _holds(texts: Iterable[bytes], wanted: Collection[bytes]) -> bool:
    return any(
        candidate.group(1) in wanted for text in texts for candidate in _CANDIDATE.finditer(text)
    )
