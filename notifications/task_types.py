"""The platform's task types for notifications. Each body is one call."""

from notifications.channels.email.send import send as send_email
from notifications.channels.registry import SENDING
from notifications.channels.webhook.send import send as send_webhook
from notifications.pipeline import names
from notifications.pipeline.deliver import deliver, deliver_async
from notifications.pipeline.payloads import DeliveryStep, NotificationStep
from notifications.pipeline.render import render
from notifications.pipeline.schedule import schedule
from notifications.sending_tasks import add_task_type
from notifications.triggers import names as triggers
from notifications.triggers.deliver import deliver as deliver_event
from notifications.triggers.payloads import EventStep, TickStep
from notifications.triggers.retry_conf import LONGEST_TIMEOUT
from notifications.triggers.tick import tick
from tasks_core import Exponential, Fixed, TaskContext, declare_queue, task_type

INNER = Exponential(max_attempts=10, initial=1.0, factor=2.0, cap=300.0, jitter="full")
EMAIL = Exponential(max_attempts=8, initial=5.0, factor=3.0, cap=3600.0, jitter="full")
WEBHOOK = Exponential(max_attempts=8, initial=2.0, factor=4.0, cap=3600.0, jitter="full")

declare_queue(names.CRITICAL_QUEUE)
for channel in SENDING:
    add_task_type(channel)


@task_type(names.SCHEDULE, queue_name="notifications", retry=INNER, max_runtime=30.0)
def schedule_notification(payload: NotificationStep) -> dict[str, str]:
    """Make the deliveries of a notification whose time has come."""
    return {"state": schedule(payload.notification)}


@task_type(names.RENDER, queue_name="rendering", retry=INNER, max_runtime=30.0)
def render_delivery(payload: DeliveryStep) -> dict[str, str]:
    """Write the message of a delivery."""
    return {"state": render(payload.delivery)}


@task_type(names.DELIVER_EMAIL, queue_name="email", retry=EMAIL, max_runtime=120.0)
def deliver_email(payload: DeliveryStep, context: TaskContext) -> dict[str, str]:
    """Hand a message to the mail server."""
    return deliver(payload.delivery, context.task_id, send_email)


@task_type(
    names.DELIVER_WEBHOOK,
    queue_name="webhook",
    retry=WEBHOOK,
    max_runtime=60.0,
    max_concurrency=100,
)
async def deliver_webhook(payload: DeliveryStep, context: TaskContext) -> dict[str, str]:
    """Post a message to a webhook endpoint."""
    return await deliver_async(payload.delivery, context.task_id, send_webhook)


# The event's own retry_conf decides, by RetryAfter and PermanentError. This bounds only what it cannot
# see: 1,000 retries, the tries that a webhook may ask for, and lost workers.
TRIGGER = Fixed(max_attempts=2_000, initial=0.0)


@task_type(
    triggers.DELIVER,
    queue_name=triggers.QUEUE,
    retry=TRIGGER,
    max_runtime=LONGEST_TIMEOUT + 60.0,
    max_concurrency=100,
)
async def deliver_trigger_event(payload: EventStep, context: TaskContext) -> dict[str, str]:
    """Call the webhook of a scheduled trigger."""
    return await deliver_event(payload.event, context)


@task_type(triggers.TICK, queue_name=triggers.QUEUE, retry=INNER, max_runtime=30.0)
def tick_cron_trigger(payload: TickStep, context: TaskContext) -> dict[str, str]:
    """Write the event of a cron trigger's tick."""
    return tick(payload.trigger, context.scheduled_for or context.run_after)
