"""What a scenario works with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from examples.demo.counts import Delivery, Message
from examples.demo.ledger import Ledger
from examples.payments.event import Event
from notifications.models import Endpoint


@dataclass(frozen=True)
class Stage:
    """The run, and whom it can write to. `endpoints` are those of the merchants, by their ids."""

    run: str
    events: Sequence[Event]
    endpoints: Mapping[str, Endpoint]

    @property
    def number(self) -> int:
        """A number of five digits at most that other runs hardly have."""
        return int(self.run.rpartition("-")[2], 16)


@dataclass(frozen=True)
class Found:
    """What the database says after a run, and what the receivers of mails and SMS counted."""

    messages: Sequence[Message]
    deliveries: Sequence[Delivery]
    mails: Ledger
    texts: Ledger

    def of(self, kind: str) -> list[Message]:
        """Return the messages of a kind."""
        return [message for message in self.messages if message.kind == kind]

    def sent(self, kind: str, channel: str) -> list[Delivery]:
        """Return the deliveries of a kind that left by a channel."""
        return [
            one
            for one in self.deliveries
            if (one.kind, one.channel) == (kind, channel) and one.is_sent
        ]
