"""The totals of a run."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from examples.demo.counts import Message
from examples.payments.event import Event
from examples.payments.gateway import CODE, RECEIPT, WEBHOOK, Announced

ENDS = {"sent": "delivered", "expired": "expired", "failed": "dead-lettered"}


@dataclass(frozen=True)
class Totals:
    """What became of some messages. Latencies are seconds, None if nothing was delivered."""

    scheduled: int
    delivered: int
    expired: int
    dead_lettered: int
    retried: int
    p50: float | None
    p99: float | None

    @property
    def unfinished(self) -> int:
        """How many have not ended; none, if all is well."""
        return self.scheduled - self.delivered - self.expired - self.dead_lettered


@dataclass(frozen=True)
class Summary:
    """The totals by category, and together; and how the events ended."""

    by_category: dict[str, Totals]
    total: Totals
    events: dict[str, int]


def summarise(messages: Sequence[Message], announced: Sequence[tuple[Event, Announced]]) -> Summary:
    """Add up what became of messages and of the events behind them.

    A code that was too late when its event came in counts as scheduled and expired.
    """
    late = sum(found.is_too_late for _, found in announced)
    by_category = {
        category: _totals(
            [message for message in messages if message.category == category],
            late if category == CODE else 0,
        )
        for category in (CODE, RECEIPT, WEBHOOK)
    }
    ends = Counter(event_ends(messages, announced).values())
    return Summary(by_category, _totals(messages, late), dict(ends))


def event_ends(
    messages: Iterable[Message], announced: Iterable[tuple[Event, Announced]]
) -> dict[str, str]:
    """Say of each event, by its id, how it ended: as the worst of its messages did."""
    states = {message.id: message.state for message in messages}
    return {
        event.id: _worst([ENDS.get(states.get(pk, ""), "unfinished") for pk in found.notifications])
        for event, found in announced
    }


def _worst(ends: Sequence[str]) -> str:
    """An event without a message had come too late."""
    for end in ("unfinished", "dead-lettered", "expired"):
        if end in ends:
            return end
    return "delivered" if ends else "expired"


def _totals(messages: Sequence[Message], late: int) -> Totals:
    states = Counter(ENDS.get(message.state, "unfinished") for message in messages)
    latencies = sorted(message.latency for message in messages if message.latency is not None)
    return Totals(
        scheduled=len(messages) + late,
        delivered=states["delivered"],
        expired=states["expired"] + late,
        dead_lettered=states["dead-lettered"],
        retried=sum(message.tries > 1 for message in messages),
        p50=_quantile(latencies, 0.50),
        p99=_quantile(latencies, 0.99),
    )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None
