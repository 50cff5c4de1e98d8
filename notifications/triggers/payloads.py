"""The payloads of the triggers' tasks: ids only."""

from pydantic import BaseModel


class EventStep(BaseModel):
    """Names the event that is to be delivered."""

    event: int


class TickStep(BaseModel):
    """Names the cron trigger whose time has come."""

    trigger: int
