"""The payloads of the pipeline's tasks: ids only."""

from pydantic import BaseModel


class NotificationStep(BaseModel):
    """Names the notification that a step works on."""

    notification: int


class DeliveryStep(BaseModel):
    """Names the delivery that a step works on."""

    delivery: int
