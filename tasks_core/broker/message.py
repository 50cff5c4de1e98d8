"""What goes through the broker: ids of tasks, never their payloads."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A batch of ids of one task type for one lane.

    Attributes:
        origins: the spans that enqueued the tasks, where traces are on.
        traceparent: the span that publishes the message; it travels in its headers.
    """

    lane: str
    task_type: str
    ids: list[int]
    origins: Sequence[str] = ()
    traceparent: str | None = None

    @property
    def headers(self) -> dict[str, str] | None:
        """What Celery's message says beside the ids."""
        return {"traceparent": self.traceparent} if self.traceparent else None
