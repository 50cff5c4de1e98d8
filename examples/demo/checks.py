"""Do the numbers add up? The database's against the receivers' own."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from examples.demo.counts import Message
from examples.demo.ledger import Ledger, Tally
from examples.demo.summary import Summary

_NEVER = Tally()


@dataclass(frozen=True)
class Check:
    """One thing that must be so. `text` says what was found, in either case."""

    holds: bool
    text: str


def check_ends(summary: Summary, events: int) -> Check:
    """Every event, and every message of it, has ended in exactly one way."""
    unfinished = summary.events.get("unfinished", 0)
    counts = ", ".join(
        f"{summary.events.get(end, 0):,} {end}" for end in ("delivered", "expired", "dead-lettered")
    )
    announced = sum(summary.events.values())
    if unfinished or summary.total.unfinished:
        return Check(
            False, f"{unfinished:,} events and {summary.total.unfinished:,} messages have not ended"
        )
    if announced != events:
        return Check(False, f"Of {events:,} events, {announced:,} were announced")
    return Check(True, f"Each of {events:,} events has ended: {counts}")


def check_dead_letters(messages: Sequence[Message]) -> Check:
    """Every message that failed has left one dead letter, and no other has."""
    wrong = [message for message in messages if message.dead_letters != (message.state == "failed")]
    if wrong:
        shown = ", ".join(
            f"{message.id} ({message.state}, {message.dead_letters})" for message in wrong[:5]
        )
        return Check(False, f"{len(wrong):,} messages and their dead letters do not agree: {shown}")
    failed = sum(message.state == "failed" for message in messages)
    return Check(True, f"{failed:,} messages failed for good, and each left one dead letter")


def compare(
    name: str, messages: Sequence[Message], ledger: Ledger, known: Collection[str]
) -> Iterator[Check]:
    """Compare the deliveries of a channel with what its receivers counted.

    `known` are the identities of all messages, also of earlier runs that were interrupted.
    """
    tallies = {
        message.message_id: ledger.messages.get(message.message_id, _NEVER)
        for message in messages
        if message.message_id is not None
    }
    yield _check_delivered(name, messages, tallies)
    yield _check_attempts(name, messages, tallies)
    yield _check_twice(name, messages, tallies)
    strange = set(ledger.messages) - set(known)
    if strange:
        yield Check(False, f"{name}: {len(strange):,} messages arrived that the database lacks")


def check_signatures(ledger: Ledger) -> Check:
    """The merchants could verify whatever they got."""
    count = sum(tally.requests for tally in ledger.messages.values())
    if ledger.bad_signatures:
        return Check(False, f"{ledger.bad_signatures:,} of {count:,} signatures are wrong")
    return Check(True, f"All {count:,} requests to merchants were signed correctly")


def _check_delivered(name: str, messages: Sequence[Message], tallies: dict[str, Tally]) -> Check:
    lost, unexplained, delivered = [], [], 0
    for message in messages:
        arrivals = tallies.get(message.message_id or "", _NEVER).arrivals
        if message.state == "sent":
            delivered += 1
            if not arrivals:
                lost.append(message.id)
        elif arrivals and not message.unheard:
            unexplained.append(message.id)
    if lost or unexplained:
        return Check(
            False,
            f"{name}: notifications {lost[:5]} count as delivered and did not arrive ({len(lost):,}); "
            f"{unexplained[:5]} arrived and do not count ({len(unexplained):,})",
        )
    return Check(
        True, f"{name}: {delivered:,} delivered, the receivers have the same {delivered:,}"
    )


def _check_attempts(name: str, messages: Sequence[Message], tallies: dict[str, Tally]) -> Check:
    """An attempt without an answer may or may not have reached the receiver."""
    heard = sum(message.heard for message in messages)
    unheard = sum(message.unheard for message in messages)
    seen = sum(tally.requests for tally in tallies.values())
    holds = heard <= seen <= heard + unheard
    on_record = f"{heard:,} attempts were answered" + (f", {unheard:,} not" if unheard else "")
    return Check(holds, f"{name}: {on_record}; the receivers saw {seen:,}")


def _check_twice(name: str, messages: Sequence[Message], tallies: dict[str, Tally]) -> Check:
    """A message may arrive again only after an attempt that got no answer."""
    twice, unexplained = 0, []
    for message in messages:
        arrivals = tallies.get(message.message_id or "", _NEVER).arrivals
        twice += arrivals > 1
        if arrivals > 1 + message.unheard:
            unexplained.append(message.id)
    if unexplained:
        return Check(
            False, f"{name}: notifications {unexplained[:5]} arrived twice without a reason"
        )
    if not twice:
        return Check(True, f"{name}: nothing arrived twice")
    return Check(True, f"{name}: {twice:,} arrived twice, each after a try that got no answer")
