"""The task types of the app: their names, their queues, and their payloads, which hold ids only."""

from pydantic import BaseModel

SCHEDULE = "notification.schedule"
RENDER = "notification.render"
FALL_BACK = "notification.fall_back"
ERASE = "notification.erase_recipient"
DELIVER_EMAIL = "notification.deliver.email"
DELIVER_WEBHOOK = "notification.deliver.webhook"

DELIVER = "notification.deliver."
"""Begins the task type of each channel."""

SEND_CHUNK = "notification.broadcast.chunk"
CLOSE_DIGEST = "notification.digest.close"
DELIVER_EVENT = "trigger.deliver"
TICK = "trigger.tick"

CRITICAL_QUEUE = "critical"
QUEUE = "notifications"
TRIGGERS_QUEUE = "triggers"


def is_delivery_step(task_type: str) -> bool:
    """Return whether tasks of this type work on one delivery."""
    return task_type == RENDER or task_type.startswith(DELIVER)


class NotificationStep(BaseModel):
    """Names the notification that a step works on."""

    notification: int


class LadderLook(BaseModel):
    """Names a notification whose ladder is looked at; ``position`` is the step whose time has come."""

    notification: int
    position: int = 0


class ErasureStep(BaseModel):
    """Names what was asked for; whom it is about, and who asked, says its row."""

    erasure: int


class DeliveryStep(BaseModel):
    """Names the delivery that a step works on."""

    delivery: int


class WebhookStep(DeliveryStep):
    """Names the delivery of a webhook."""

    lane: int | None = None
    """The endpoint in whose lane it goes, if nothing else can hold it back: then it need not be looked up."""


class ChunkStep(BaseModel):
    """Names the chunk to hand over."""

    chunk: int


class DigestStep(BaseModel):
    """Names the digest to close."""

    digest: int


class EventStep(BaseModel):
    """Names the event that is to be delivered."""

    event: int


class TickStep(BaseModel):
    """Names the cron trigger whose time has come."""

    trigger: int
