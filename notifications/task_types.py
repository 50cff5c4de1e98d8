"""The platform's task types for notifications. Each body is one call."""

from collections.abc import Iterator

from notifications.broadcasts.send_chunk import send_chunk
from notifications.channel_api.channel import SendingChannel
from notifications.channel_api.registry import CHANNELS
from notifications.digests.closing import close
from notifications.digests.held import collect
from notifications.privacy.erasure.by_notification import erase_as_asked
from notifications.sending.channels.email.stream import MailStream
from notifications.sending.channels.webhook.send import send as send_webhook
from notifications.sending.delivery_span import trace_of
from notifications.sending.pipeline.channel_tasks import add_task_type
from notifications.sending.pipeline.deliver import deliver_async
from notifications.sending.pipeline.deliver_batch import deliver_batch
from notifications.sending.pipeline.fallback.advancing import advance
from notifications.sending.pipeline.lanes import Asked
from notifications.sending.pipeline.render import render
from notifications.sending.pipeline.replay_checks import (
    refuses_beginning,
    refuses_closing,
    refuses_delivery,
    refuses_handing_over,
    refuses_looking,
    refuses_redelivery,
    refuses_rendering,
    refuses_tick,
)
from notifications.sending.pipeline.schedule import schedule
from notifications.task_payloads import (
    CLOSE_DIGEST,
    CRITICAL_QUEUE,
    DELIVER_EMAIL,
    DELIVER_EVENT,
    DELIVER_WEBHOOK,
    ERASE,
    FALL_BACK,
    QUEUE,
    RENDER,
    SCHEDULE,
    SEND_CHUNK,
    TICK,
    TRIGGERS_QUEUE,
    ChunkStep,
    DeliveryStep,
    DigestStep,
    ErasureStep,
    EventStep,
    LadderLook,
    NotificationStep,
    TickStep,
    WebhookStep,
)
from notifications.triggers.deliver import deliver as deliver_event
from notifications.triggers.retry_conf import LONGEST_TIMEOUT
from notifications.triggers.tick import tick
from tasks_core import BatchItem, Exponential, Fixed, TaskContext, declare_queue, task_type

INNER = Exponential(max_attempts=10, initial=1.0, factor=2.0, cap=300.0, jitter="full")
EMAIL = Exponential(max_attempts=8, initial=5.0, factor=3.0, cap=3600.0, jitter="full")
WEBHOOK = Exponential(max_attempts=8, initial=2.0, factor=4.0, cap=3600.0, jitter="full")

declare_queue(CRITICAL_QUEUE)
for channel in CHANNELS.values():
    if isinstance(channel, SendingChannel):
        add_task_type(channel)


@task_type(
    SCHEDULE,
    queue_name=QUEUE,
    retry=INNER,
    max_runtime=30.0,
    batch=True,
    refuses_replay=refuses_beginning,
    inner=True,
)
def schedule_notifications(items: list[BatchItem[NotificationStep]]) -> list[object]:
    """Make and write the deliveries of notifications whose time has come."""
    traces = {item.payload.notification: trace for item in items if (trace := trace_of(item))}
    states = schedule([item.payload.notification for item in items], collect=collect, traces=traces)
    return [{"state": state} if isinstance(state, str) else state for state in states]


@task_type(
    SEND_CHUNK,
    queue_name=QUEUE,
    retry=INNER,
    max_runtime=120.0,
    max_batch=1,
    refuses_replay=refuses_handing_over,
    inner=True,
)
def send_broadcast_chunk(payload: ChunkStep, context: TaskContext) -> dict[str, str]:
    """Make the notifications of a chunk of a broadcast."""
    return {"state": send_chunk(payload.chunk, context.task_id)}


@task_type(
    CLOSE_DIGEST,
    queue_name=QUEUE,
    retry=INNER,
    max_runtime=60.0,
    refuses_replay=refuses_closing,
    inner=True,
)
def close_digest(payload: DigestStep) -> dict[str, str]:
    """Send what a digest has collected."""
    return {"state": close(payload.digest)}


@task_type(
    RENDER,
    queue_name="rendering",
    retry=INNER,
    max_runtime=30.0,
    refuses_replay=refuses_rendering,
    inner=True,
)
def render_delivery(payload: DeliveryStep) -> dict[str, str]:
    """Write the message of a delivery."""
    return {"state": render(payload.delivery)}


@task_type(
    FALL_BACK,
    queue_name=QUEUE,
    retry=INNER,
    max_runtime=30.0,
    refuses_replay=refuses_looking,
    inner=True,
)
def fall_back(payload: LadderLook) -> dict[str, str]:
    """Begin the next step of a ladder, if its turn has come."""
    return {"state": advance(payload.notification, payload.position)}


@task_type(
    DELIVER_EMAIL,
    queue_name="email",
    retry=EMAIL,
    max_runtime=120.0,
    batch=True,
    refuses_replay=refuses_delivery,
    inner=True,
)
def deliver_emails(items: list[BatchItem[DeliveryStep]]) -> Iterator[object]:
    """Hand messages to the mail server, over one connection."""
    yield from deliver_batch(items, MailStream())


WEBHOOKS_AT_ONCE = 250
"""In one worker process. Most of them wait for their begin or end to be written, together with many others:
of 100 only some thirty were with a receiver that answers within 20 ms."""


@task_type(
    DELIVER_WEBHOOK,
    queue_name="webhook",
    retry=WEBHOOK,
    max_runtime=60.0,
    max_concurrency=WEBHOOKS_AT_ONCE,
    refuses_replay=refuses_delivery,
    inner=True,
)
async def deliver_webhook(payload: WebhookStep, context: TaskContext) -> dict[str, str]:
    """Post a message to a webhook endpoint."""
    return await deliver_async(Asked(payload.delivery, context.task_id, payload.lane), send_webhook)


@task_type(
    ERASE,
    queue_name=QUEUE,
    retry=INNER,
    max_runtime=4 * 3600.0,
    max_batch=1,
    inner=True,
)
def erase_recipient(payload: ErasureStep) -> dict[str, int]:
    """Erase the receiver of a notification from all that is stored."""
    return erase_as_asked(payload.erasure)


# The event's own retry_conf decides, by RetryAfter and PermanentError. This bounds only what it cannot
# see: 1,000 retries, the tries that a webhook may ask for, and lost workers.
TRIGGER = Fixed(max_attempts=2_000, initial=0.0)


@task_type(
    DELIVER_EVENT,
    queue_name=TRIGGERS_QUEUE,
    retry=TRIGGER,
    max_runtime=LONGEST_TIMEOUT + 60.0,
    max_concurrency=100,
    refuses_replay=refuses_redelivery,
    inner=True,
)
async def deliver_trigger_event(payload: EventStep, context: TaskContext) -> dict[str, str]:
    """Call the webhook of a scheduled trigger."""
    return await deliver_event(payload.event, context)


@task_type(
    TICK,
    queue_name=TRIGGERS_QUEUE,
    retry=INNER,
    max_runtime=30.0,
    refuses_replay=refuses_tick,
    inner=True,
)
def tick_cron_trigger(payload: TickStep, context: TaskContext) -> dict[str, str]:
    """Write the event of a cron trigger's tick."""
    return tick(payload.trigger, context.scheduled_for or context.run_after)
