"""The payloads of the pipeline's tasks: ids only."""

from pydantic import BaseModel


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
