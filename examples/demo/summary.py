"""The totals of a run."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from examples.demo.counts import Message
from examples.demo.kinds import LABELS
from examples.payments.event import Event
from examples.payments.gateway import CODE, Announced

ENDS = {
    "sent": "delivered",
    "expired": "expired",
    "suppressed": "suppressed",
    "failed": "dead-lettered",
}


@dataclass(frozen=True)
class Totals:
    """What became of some messages. Latencies are seconds, None if nothing was sent."""

    asked: int
    sent: int
    held: int
    suppressed: int
    failed: int
    expired: int
    retried: int
    p50: float | None
    p99: float | None

    @property
    def accounted(self) -> int:
        """How many have ended, or are held; all that were asked for, if all is well."""
        return self.sent + self.held + self.suppressed + self.failed + self.expired


@dataclass(frozen=True)
class Summary:
    """The totals by kind, and together; and how the events ended."""

    by_kind: dict[str, Totals]
    total: Totals
    events: dict[str, int]


def summarise(
    messages: Sequence[Message],
    announced: Sequence[tuple[Event, Announced]],
    asked: Mapping[str, int],
) -> Summary:
    """Add up what became of messages and of the events behind them.

    A code that was too late when its event came in has expired.
    """
    late = sum(found.is_too_late for _, found in announced)
    by_kind = {
        kind: _totals(
            [message for message in messages if message.kind == kind],
            asked.get(kind, 0),
            late if kind == CODE else 0,
        )
        for kind in LABELS
    }
    ends = Counter(event_ends(messages, announced).values())
    return Summary(by_kind, _totals(messages, sum(asked.values()), late), dict(ends))


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
    for end in ("unfinished", "dead-lettered", "expired", "suppressed"):
        if end in ends:
            return end
    return "delivered" if ends else "expired"


def _totals(messages: Sequence[Message], asked: int, late: int) -> Totals:
    states: Counter[str] = Counter()
    for message in messages:
        states[message.state] += message.units
    latencies = sorted(message.latency for message in messages if message.latency is not None)
    return Totals(
        asked=asked,
        sent=states["sent"],
        held=states["held"],
        suppressed=states["suppressed"],
        failed=states["failed"],
        expired=states["expired"] + late,
        retried=sum(message.tries > 1 for message in messages),
        p50=_quantile(latencies, 0.50),
        p99=_quantile(latencies, 0.99),
    )


def _quantile(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(int(share * len(ordered)), len(ordered) - 1)] if ordered else None
