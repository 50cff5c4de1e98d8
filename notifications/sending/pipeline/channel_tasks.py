"""Task types for the channels that say themselves how they send."""

import inspect
from collections.abc import Awaitable, Callable
from typing import cast

from notifications.channel_api.channel import SendingChannel
from notifications.channel_api.registry import CHANNELS
from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import SendResult
from notifications.sending.pipeline.deliver import deliver, deliver_async
from notifications.sending.pipeline.lanes import Asked
from notifications.sending.pipeline.replay_checks import refuses_delivery
from notifications.task_payloads import DeliveryStep
from tasks_core import TaskContext, task_type


def add_channel(channel: SendingChannel) -> None:
    """Add a channel of another app; call it when that app is ready (``AppConfig.ready``).

    Raises:
        ValueError: there is a channel of this name.
    """
    if CHANNELS.setdefault(channel.kind, channel) is not channel:
        raise ValueError(f"there is a channel {channel.kind} already; choose another name")
    add_task_type(channel)


def add_task_type(channel: SendingChannel) -> None:
    """Make the task type that delivers by a channel."""
    handler = (
        _async_handler(channel) if inspect.iscoroutinefunction(channel.send) else _handler(channel)
    )
    task_type(
        channel.deliver_task,
        queue_name=channel.queue_name,
        retry=channel.retry,
        max_runtime=channel.max_runtime,
        refuses_replay=refuses_delivery,
        inner=True,
    )(handler)


def _handler(channel: SendingChannel) -> Callable[[DeliveryStep, TaskContext], dict[str, str]]:
    send = cast("Callable[[Sendable], SendResult]", channel.send)

    def deliver_message(payload: DeliveryStep, context: TaskContext) -> dict[str, str]:
        return deliver(payload.delivery, context.task_id, send)

    return deliver_message


def _async_handler(
    channel: SendingChannel,
) -> Callable[[DeliveryStep, TaskContext], Awaitable[dict[str, str]]]:
    send = cast("Callable[[Sendable], Awaitable[SendResult]]", channel.send)

    async def deliver_message(payload: DeliveryStep, context: TaskContext) -> dict[str, str]:
        return await deliver_async(Asked(payload.delivery, context.task_id), send)

    return deliver_message
