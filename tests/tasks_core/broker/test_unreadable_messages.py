"""What is no message is dropped, and the connection to the broker goes on."""

import json
import logging
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis
from celery import current_app
from kombu.connection import Connection
from kombu.messaging import Consumer

from tasks_core.broker.message import Message
from tasks_core.broker.publish import publish
from tasks_core.broker.redis_client import key
from tasks_core.worker.unreadable_messages import drop_unreadable
from tests.support.life import plain_type
from tests.support.waiting import wait_until

LANE = "default.normal"


def _message(**properties: Any) -> bytes:
    whole = {"delivery_tag": "x", "delivery_info": {"exchange": "", "routing_key": LANE}}
    return json.dumps({"body": "e30=", "properties": {**whole, **properties}}).encode()


JUNK = {
    "no JSON": b"junk",
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "too deep": b"[" * 200_000,
    "no object": b"[]",
    "a number": b"1",
    "no properties": b"{}",
    "properties of no use": b'{"properties": null}',
    "no delivery tag": b'{"properties": {"delivery_info": {}}}',
    "delivery tag of no use": _message(delivery_tag=["x"]),
    "no delivery info": _message(delivery_info=None),
    "body of no use": b'{"body": "x", "properties": {"body_encoding": "base64"}}',
}


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


@pytest.fixture
def connection() -> Iterator[Connection]:
    with current_app.connection_for_read() as opened:
        drop_unreadable(opened.transport)
        yield opened


def _consuming(connection: Connection, callback: Callable[..., None]) -> Consumer:
    queues = [current_app.amqp.queues[LANE]]
    return Consumer(connection, queues, callbacks=[callback])  # type: ignore[no-untyped-call]


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK)
def test_junk_is_dropped_with_one_line_and_the_next_message_comes(
    broker: "redis.Redis", connection: Connection, junk: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    broker.lpush(key(LANE), junk)
    publish([Message(LANE, "plain", [1])])
    came: list[Any] = []

    def take(body: Any, message: Any) -> None:
        came.append(body)
        message.ack()

    with (
        caplog.at_level(logging.ERROR),
        _consuming(connection, take),
    ):

        def has_come() -> bool:
            connection.drain_events(timeout=5)  # type: ignore[no-untyped-call]
            return bool(came)

        wait_until(has_come)
    assert came[0][0] == [[1]]
    assert [record.message.partition(":")[0] for record in caplog.records] == [
        "dropped something from a queue that is no message of Celery"
    ]
    assert broker.llen(key(LANE)) == 0
    assert broker.hlen(key("unacked")) == 0


def test_error_of_whoever_gets_the_message_goes_on_to_it(
    broker: "redis.Redis", connection: Connection
) -> None:
    publish([Message(LANE, "plain", [1])])

    def fail(body: Any, message: Any) -> None:
        raise KeyError("a bug")

    with (
        _consuming(connection, fail),
        pytest.raises(KeyError, match="a bug"),
    ):
        connection.drain_events(timeout=5)  # type: ignore[no-untyped-call]


def test_kombu_still_fails_with_it(broker: "redis.Redis") -> None:
    """Once it does not, `tasks_core.worker.unreadable_messages` may go."""
    broker.lpush(key(LANE), JUNK["no JSON"])
    with (
        current_app.connection_for_read() as connection,
        _consuming(connection, print),
        pytest.raises(json.JSONDecodeError),
    ):
        connection.drain_events(timeout=5)
