"""Messages put into Redis directly: the same that Celery and kombu would have put there."""

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from celery import current_app, signals

from tasks_core.broker import redis_queue
from tasks_core.broker.message import Message
from tasks_core.broker.publish import publish
from tasks_core.broker.redis_client import key
from tests.support.life import plain_type
from tests.support.messages import waiting

LANE = "default.normal"
DIFFERS = {"id", "root_id", "correlation_id", "delivery_tag"}


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.fixture
def publish_listener() -> Iterator[list[str]]:
    sent: list[str] = []

    def listen(sender: str, **_: Any) -> None:
        sent.append(sender)

    signals.after_task_publish.connect(listen)
    yield sent
    signals.after_task_publish.disconnect(listen)


def _stored(broker: "redis.Redis") -> dict[str, Any]:
    (text,) = broker.lrange(key(LANE), 0, -1)
    broker.delete(key(LANE))
    message: dict[str, Any] = json.loads(text)
    message["body"] = json.loads(base64.b64decode(message["body"]))
    return message


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _without_ids(v) for k, v in value.items() if k not in DIFFERS}
    return value


@pytest.mark.parametrize("traceparent", [None, f"00-{'a' * 32}-{'b' * 16}-01"])
def test_message_is_the_one_that_celery_publishes(
    broker: "redis.Redis", traceparent: str | None
) -> None:
    message = Message(LANE, "plain", [1, 2], traceparent=traceparent)
    current_app.tasks["plain"].apply_async(
        args=([1, 2],), queue=LANE, headers=message.headers, retry=False
    )
    theirs = _stored(broker)

    publish([message])
    ours = _stored(broker)

    assert _without_ids(ours) == _without_ids(theirs)
    assert ours["headers"].keys() == theirs["headers"].keys()
    assert ours["properties"].keys() == theirs["properties"].keys()


def test_many_messages_keep_their_order(broker: "redis.Redis", monkeypatch: Any) -> None:
    monkeypatch.setattr(redis_queue, "CHUNK", 3)

    publish([Message(LANE, "plain", [n]) for n in range(1, 11)])

    assert [message.ids for message in waiting(broker, LANE)] == [[n] for n in range(1, 11)]


def test_who_listens_to_celerys_signals_hears_of_each_message(
    broker: "redis.Redis", publish_listener: list[str]
) -> None:
    publish([Message(LANE, "plain", [1])])

    assert publish_listener == ["plain"]
    assert len(waiting(broker, LANE)) == 1
