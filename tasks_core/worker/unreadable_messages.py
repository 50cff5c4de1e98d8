"""Drop what is no message, where Celery would give up its connection to the broker over it.

Anybody who reaches the Redis may push anything into a list that a worker reads: text that is not JSON, or
JSON that is no message. kombu has taken it from the list by the time it fails, so nothing could be saved; but
the error goes up to Celery's consumer, which connects anew and interrupts all others.
"""

import logging
from typing import Any

from kombu.transport import redis

logger = logging.getLogger(__name__)

MOST_SAID = 200


def drop_unreadable(transport: Any) -> None:
    """Let the channels that ``transport`` opens from now on do so; of kombu's, only Redis' needs it."""
    channel = transport.Channel
    if issubclass(channel, redis.Channel) and not issubclass(channel, ForgivingChannel):
        message = type("Message", (CheckedMessage, channel.Message), {})
        body = {"Message": message}
        transport.Channel = type(channel.__name__, (ForgivingChannel, channel), body)


class CheckedMessage:
    """Comes before kombu's class of a message, and tells its channel once it could be made."""

    def __init__(self, payload: Any, channel: Any = None, **kwargs: Any) -> None:
        super().__init__(payload, channel=channel, **kwargs)  # type: ignore[call-arg]
        message: Any = self
        _ = message.delivery_info["exchange"], message.delivery_info["routing_key"]  # wanted next
        if not isinstance(message.delivery_tag, str):
            raise TypeError("its delivery_tag is no text")
        channel.is_readable = True


class ForgivingChannel:
    """Comes before kombu's class of a channel."""

    is_readable = False

    def _brpop_read(self, **options: Any) -> Any:
        self.is_readable = False
        try:
            return super()._brpop_read(**options)  # type: ignore[misc]
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            if self.is_readable:
                raise  # it comes from whoever got the message
            logger.error(
                "dropped something from a queue that is no message of Celery: %s: %s",
                type(error).__name__,
                str(error)[:MOST_SAID],
            )
            return True
