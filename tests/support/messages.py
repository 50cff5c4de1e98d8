"""The messages of the platform in the broker, read and played as a worker would."""

import base64
import json
from dataclasses import dataclass
from typing import Any

import redis

from tasks_core.broker.redis_client import key
from tasks_core.worker.executor import execute


@dataclass(frozen=True)
class Sent:
    """A message: the Celery task it names and the ids it carries."""

    task_type: str
    ids: list[int]
    text: str

    def run(self) -> int:
        """Do what a worker does on its arrival; return how many tasks it claimed."""
        return execute(self.task_type, self.ids, worker="test")


def _parsed(raw: bytes) -> Sent:
    message = json.loads(raw)
    body = base64.b64decode(message["body"]).decode()
    return Sent(message["headers"]["task"], json.loads(body)[0][0], raw.decode() + body)


def waiting(client: "redis.Redis", lane: str) -> list[Sent]:
    """Return the messages of a lane, the next one first."""
    found: Any = client.lrange(key(lane), 0, -1)
    return [_parsed(raw) for raw in reversed(found)]


def lanes(client: "redis.Redis") -> dict[str, int]:
    """Return how many messages wait in each lane that has some."""
    names = [name.decode() for name in client.scan_iter(key("*.*"), _type="list")]
    return {name.removeprefix(key("")): client.llen(name) for name in names}


def next_message(client: "redis.Redis", lane: str) -> Sent | None:
    """Take the next message of a lane out of the broker."""
    raw: Any = client.rpop(key(lane))
    return None if raw is None else _parsed(raw)
