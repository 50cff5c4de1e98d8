"""The probe message that a worker sends to itself, through the broker and its own pool.

It is what proves consumption: a worker can answer a ping, renew its heartbeat and hold its connections, and
still take no messages. Each worker has a queue of its own for it, so the answer is on this worker alone.
"""

import logging
import threading
import time
from typing import Any

import redis
from kombu.entity import Exchange, Queue

from tasks_core.broker.message import Message
from tasks_core.broker.publish import BrokerUnavailable, publish, waiting_messages
from tasks_core.broker.redis_client import broker_client, key
from tasks_core.lanes import CANARY_SUFFIX

logger = logging.getLogger(__name__)

TASK = "bellringer.canary"
LONGEST_INTERVAL = 5.0
KEPT_SECONDS = 3600
"""How long the queue of a worker that never comes back is kept by the broker."""


def queue_of(worker: str) -> Queue:
    """Return the queue that the worker ``worker`` alone consumes."""
    name = f"{worker}{CANARY_SUFFIX}"
    # By the nameless exchange, for which the broker keeps no bindings that would outlive the worker.
    nameless = Exchange("")  # type: ignore[no-untyped-call] # kombu has no types
    return Queue(name, exchange=nameless, routing_key=name, expires=KEPT_SECONDS)  # type: ignore[no-untyped-call]


def is_possible(broker_url: str) -> bool:
    """Tell whether the broker can have a queue for each worker: SQS would keep them for ever."""
    return not broker_url.startswith("sqs")


def add_queue(queues: Any, worker: str, broker_url: str) -> None:
    """Let the worker ``worker`` consume its own queue too, where that is possible."""
    if is_possible(broker_url):
        queue = queue_of(worker)
        queues[queue.name] = queue  # not by add(), which would put it behind a named exchange
        queues.consume_from[queue.name] = queue


class Canary(threading.Thread):
    """Sends the message again and again, one at a time, and remembers when it came back.

    It has its own thread: a broker out of reach may keep it waiting, and nothing else shall wait with it.
    """

    def __init__(self, worker: str, *, patience: float) -> None:
        super().__init__(name="tasks-canary", daemon=True)
        self._queue = f"{worker}{CANARY_SUFFIX}"
        self._interval = min(LONGEST_INTERVAL, patience / 6)
        self._stopped = threading.Event()
        self._sent_at = float("-inf")
        self._waiting_since: float | None = None
        self.came_back_at: float | None = None
        self.broker_error = ""

    def waiting_for(self) -> float | None:
        """Return the seconds for which no message has come back, None if none is on its way."""
        since = self._waiting_since
        return None if since is None else time.monotonic() - since

    def came_back(self) -> None:
        """Note that the pool has run the message and the main process has heard of it."""
        self.came_back_at = time.monotonic()
        self._waiting_since = None

    def stop(self) -> None:
        """Send no more, and take away what still waits."""
        self._stopped.set()
        self.join(timeout=5)
        client = broker_client()
        try:
            if client is not None and not self.broker_error:
                client.delete(key(self._queue))
        except (redis.RedisError, OSError) as error:
            logger.info("the queue %s is left to expire: %s", self._queue, error)

    def run(self) -> None:
        """Send until stopped."""
        while not self._stopped.is_set():
            try:
                self._send()
                self.broker_error = ""
            except (BrokerUnavailable, redis.RedisError, OSError) as error:
                # Whether this worker consumes cannot be known now, and is counted anew afterwards.
                self._waiting_since = None
                self.broker_error = str(error)
            except Exception:
                logger.exception("the probe message could not be sent")
            self._stopped.wait(self._interval)

    def _send(self) -> None:
        now = time.monotonic()
        waits_in_broker = waiting_messages([self._queue])[self._queue] > 0
        is_recent = self._waiting_since is not None and now - self._sent_at < 4 * self._interval
        if not waits_in_broker and not is_recent:
            publish([Message(self._queue, TASK, [])])
            self._sent_at = now
            client = broker_client()
            if client is not None:
                client.expire(key(self._queue), KEPT_SECONDS)
        if self._waiting_since is None and (waits_in_broker or self._sent_at == now):
            self._waiting_since = now
