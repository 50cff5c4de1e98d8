"""Put messages into Redis, any number in one round trip.

kombu takes a round trip and a new client object for each message, which is most of what publishing one
costs. Here Celery makes the message and one pipeline carries all; the form in which kombu's Redis transport
stores it (a JSON object in a list named like the queue) is compared with kombu's own in a test.
"""

import base64
import itertools
import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import redis
from celery import Celery, signals
from kombu.utils.uuid import uuid

from tasks_core.broker.redis_client import key

if TYPE_CHECKING:
    from tasks_core.broker.message import Message

CHUNK = 500
"""Messages in one pipeline: about half a megabyte."""

_WATCHED = (signals.before_task_publish, signals.after_task_publish, signals.task_sent)


def is_usable(app: Celery) -> bool:
    """Tell whether nothing in this process wants to see or change what Celery publishes."""
    return not app.conf.task_send_sent_event and not any(signal.receivers for signal in _WATCHED)


def push(client: redis.Redis, app: Celery, messages: Iterable["Message"]) -> None:
    """Append ``messages`` to their queues, in order.

    Raises:
        redis.RedisError, OSError: some or all of them may be missing.
    """
    rest = iter(messages)
    while chunk := list(itertools.islice(rest, CHUNK)):
        with client.pipeline(transaction=False) as pipeline:
            for message in chunk:
                pipeline.lpush(key(message.lane), _text(app, message))
            pipeline.execute()


# In one step: between a question and a push of its own another process might push.
_OFFER = """
local waiting = redis.call('LLEN', KEYS[1])
if waiting <= tonumber(ARGV[2]) then redis.call('LPUSH', KEYS[1], ARGV[1]) end
return waiting
"""


def offer(client: redis.Redis, app: Celery, message: "Message", *, most_waiting: int) -> int:
    """Append ``message`` if at most ``most_waiting`` others wait; return how many do, in one round trip.

    Raises:
        redis.RedisError, OSError: it may have arrived or not.
    """
    waiting: Any = client.eval(_OFFER, 1, key(message.lane), _text(app, message), most_waiting)
    return int(waiting)


def _text(app: Celery, message: "Message") -> str:
    headers, properties, body, _ = app.amqp.create_task_message(
        uuid(),
        message.task_type,
        (message.ids,),
        reply_to=app.thread_oid,
        ignore_result=True,
    )
    if message.headers:
        headers.update(message.headers)
    envelope: dict[str, Any] = {
        "body": base64.b64encode(json.dumps(body).encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": headers,
        "properties": {
            **properties,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": message.lane},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": uuid(),
        },
    }
    return json.dumps(envelope)
