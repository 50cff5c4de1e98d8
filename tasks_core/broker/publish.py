"""Publish messages of task ids, and see how many wait."""

from collections.abc import Sequence
from typing import Any

import redis
from amqp.exceptions import ChannelError
from celery import current_app
from kombu.exceptions import OperationalError

from tasks_core.broker import redis_queue
from tasks_core.broker.caller_redis import CallerRedis, RedisSilent, broker_redis
from tasks_core.broker.message import Message
from tasks_core.broker.redis_client import broker_client, key
from tasks_core.tracing import switch


class BrokerUnavailable(Exception):
    """The broker cannot be reached; ``unsent`` are the messages that may not have arrived."""

    def __init__(self, reason: str, unsent: Sequence[Message] = ()) -> None:
        super().__init__(reason)
        self.unsent = list(unsent)


def publish(messages: Sequence[Message]) -> None:
    """Send ``messages`` in order.

    Nothing is tried twice here: the rows are the retry. A message that arrives twice does no harm.

    Raises:
        BrokerUnavailable: with the messages that were not sent.
    """
    if not switch.is_on:
        _publish(messages)
        return
    from tasks_core.tracing.dispatch_span import dispatch_spans

    with dispatch_spans(messages) as traced:
        _publish(traced)


def _publish(messages: Sequence[Message]) -> None:
    client = broker_client()
    if client is not None and redis_queue.is_usable(current_app):
        _push(client, messages)
        return
    for position, message in enumerate(messages):
        try:
            current_app.tasks[message.task_type].apply_async(
                args=(message.ids,), queue=message.lane, headers=message.headers, retry=False
            )
        except (OperationalError, OSError) as error:
            raise BrokerUnavailable(str(error), messages[position:]) from error


def callers_broker() -> CallerRedis | None:
    """Return the broker if callers may publish to it themselves, which they only do in one round trip."""
    broker = broker_redis()
    return broker if broker is not None and redis_queue.is_usable(current_app) else None


def offer(broker: CallerRedis, message: Message, *, most_waiting: int) -> int:
    """Send ``message`` for a caller if at most ``most_waiting`` others wait in its lane.

    Return how many do; it was sent if these are not more.

    Raises:
        BrokerUnavailable: there was no answer, or a refusal.
    """
    if not switch.is_on:
        return _offer(broker, message, most_waiting)
    from tasks_core.tracing.dispatch_span import dispatch_spans

    with dispatch_spans([message]) as (traced,):
        return _offer(broker, traced, most_waiting)


def _offer(broker: CallerRedis, message: Message, most_waiting: int) -> int:
    try:
        return broker.ask(
            lambda client: redis_queue.offer(
                client, current_app, message, most_waiting=most_waiting
            )
        )
    except (RedisSilent, redis.ResponseError) as error:
        raise BrokerUnavailable(str(error), [message]) from error


def publish_names(lane: str, celery_task: str, names: list[str]) -> None:
    """Send a message that calls ``celery_task`` with ``names``.

    Raises:
        BrokerUnavailable: it was not sent.
    """
    try:
        current_app.tasks[celery_task].apply_async(args=(names,), queue=lane, retry=False)
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(str(error)) from error


def _push(client: redis.Redis, messages: Sequence[Message]) -> None:
    try:
        redis_queue.push(client, current_app, messages)
    except (redis.RedisError, OSError) as error:
        raise BrokerUnavailable(str(error), messages) from error


def publish_plain(queue: str, body: dict[str, Any]) -> None:
    """Send a JSON object to a broker queue that programs outside the platform read.

    Raises:
        BrokerUnavailable: it was not sent.
    """
    try:
        with current_app.producer_pool.acquire(block=True, timeout=5) as producer:
            connection = producer.connection
            try:
                producer.publish(
                    body,
                    routing_key=queue,
                    exchange="",
                    serializer="json",
                    retry=False,
                    declare=[current_app.amqp.queues[queue]],
                )
            except (*connection.connection_errors, *connection.channel_errors) as error:
                raise BrokerUnavailable(str(error)) from error
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(str(error)) from error


def waiting_messages(queues: Sequence[str], *, timeout: float | None = None) -> dict[str, int]:
    """Return how many messages wait in each broker queue.

    ``timeout``: seconds to wait for Redis, if other than the settings say.

    Raises:
        BrokerUnavailable: the broker cannot be asked.
    """
    client = broker_client(timeout=timeout)
    if client is None:
        return _declared_counts(queues)
    try:
        return _lengths(client, queues)
    except (redis.RedisError, OSError) as error:
        raise BrokerUnavailable(str(error)) from error


def waiting_messages_at_a_glance(queues: Sequence[str]) -> dict[str, int]:
    """Return the same for a person who waits for a page: a broker that hangs is not waited for twice.

    Raises:
        BrokerUnavailable: the broker cannot be asked, or has not answered lately.
    """
    broker = broker_redis()
    if broker is None:
        return _declared_counts(queues)
    try:
        return broker.ask(lambda client: _lengths(client, queues))
    except (RedisSilent, redis.ResponseError) as error:
        raise BrokerUnavailable(str(error)) from error


def _lengths(client: redis.Redis, queues: Sequence[str]) -> dict[str, int]:
    with client.pipeline(transaction=False) as pipeline:
        for queue in queues:
            pipeline.llen(key(queue))
        return dict(zip(queues, pipeline.execute(), strict=True))


def _declared_counts(queues: Sequence[str]) -> dict[str, int]:
    """Ask any broker that kombu knows, by a passive declaration of each queue."""
    counts = {}
    try:
        with current_app.pool.acquire(block=True, timeout=5) as connection:
            for queue in queues:
                with connection.channel() as channel:
                    counts[queue] = _declared_count(channel, queue)
    except (OperationalError, OSError) as error:
        raise BrokerUnavailable(str(error)) from error
    return counts


def _declared_count(channel: Any, queue: str) -> int:
    try:
        count: int = channel.queue_declare(queue=queue, passive=True).message_count
    except ChannelError:  # nobody has declared it: nothing waits
        return 0
    return count
