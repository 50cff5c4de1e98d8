"""A subscriber that keeps what it gets."""

from collections.abc import Callable, Sequence
from typing import Any

from tasks_core.engine.events import Event
from tasks_core.events.relay import Relay
from tasks_core.events.subscription import subscribe
from tasks_core.models import EventSubscription
from tasks_core.worker.event_delivery import deliver


class Recorder:
    """Registers itself, and fails when it is told to."""

    def __init__(self, name: str = "recorder", *kinds: type[Event], **options: Any) -> None:
        self.name = name
        self.events: list[Event] = []
        self.calls: list[int] = []
        self.fails_with: BaseException | None = None
        self.does: Callable[[], object] = int
        subscribe(name, kinds, self, **options)
        Relay()._create({name: subscription_of(name)})

    def __call__(self, events: Sequence[Event]) -> None:
        self.calls.append(len(events))
        if self.fails_with is not None:
            raise self.fails_with
        self.does()
        self.events.extend(events)

    def get(self) -> list[tuple[int, str]]:
        """Get what is new; return the task and the kind of each event."""
        before = len(self.events)
        deliver(self.name, holder="test")
        return [(event.task_id, str(event.kind)) for event in self.events[before:]]

    @property
    def row(self) -> EventSubscription:
        return EventSubscription.objects.get(name=self.name)


def subscription_of(name: str) -> Any:
    from tasks_core.events.subscription import subscriptions

    return subscriptions()[name]
