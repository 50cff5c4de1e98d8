"""Do the numbers add up? The database's against the receivers' own."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from examples.demo.counts import Delivery
from examples.demo.kinds import LABELS
from examples.demo.ledger import Ledger, Tally
from examples.demo.summary import Summary

_NEVER = Tally()


@dataclass(frozen=True)
class Check:
    """One thing that must be so. `text` says what was found, in either case."""

    holds: bool
    text: str


def check_accounts(summary: Summary) -> Check:
    """Every message that was asked for is in exactly one column of its line."""
    wrong = [
        f"{LABELS[kind]}: {totals.asked:,} asked for, {totals.accounted:,} accounted for"
        for kind, totals in summary.by_kind.items()
        if totals.asked != totals.accounted
    ]
    if wrong:
        return Check(False, f"The lines do not add up: {'; '.join(wrong)}")
    return Check(
        True,
        f"The lines add up: each of {summary.total.asked:,} messages asked for has been sent, is held, "
        "or has ended otherwise",
    )


def check_ends(summary: Summary, events: int) -> Check:
    """Every event has ended in exactly one way."""
    unfinished = summary.events.get("unfinished", 0)
    counts = ", ".join(
        f"{summary.events.get(end, 0):,} {end}"
        for end in ("delivered", "expired", "suppressed", "dead-lettered")
    )
    announced = sum(summary.events.values())
    if unfinished:
        return Check(False, f"{unfinished:,} events have not ended")
    if announced != events:
        return Check(False, f"Of {events:,} events, {announced:,} were announced")
    return Check(True, f"Each of {events:,} events has ended: {counts}")


def check_dead_letters(deliveries: Sequence[Delivery]) -> Check:
    """Every delivery that failed has left one dead letter, and no other has."""
    wrong = [one for one in deliveries if one.dead_letters != (one.state == "failed")]
    if wrong:
        shown = ", ".join(f"{one.id} ({one.state}, {one.dead_letters})" for one in wrong[:5])
        return Check(
            False, f"{len(wrong):,} deliveries and their dead letters do not agree: {shown}"
        )
    failed = sum(one.state == "failed" for one in deliveries)
    return Check(True, f"{failed:,} deliveries failed for good, and each left one dead letter")


def compare(
    name: str, deliveries: Sequence[Delivery], ledger: Ledger, known: Collection[str]
) -> Iterator[Check]:
    """Compare the deliveries of a channel with what its receivers counted.

    `known` are the identities of all deliveries, also of earlier runs that were interrupted.
    """
    tallies = {one.identity: ledger.messages.get(one.identity, _NEVER) for one in deliveries}
    yield _check_delivered(name, deliveries, tallies)
    yield _check_attempts(name, deliveries, tallies)
    yield _check_twice(name, deliveries, tallies)
    strange = set(ledger.messages) - set(known)
    if strange:
        yield Check(False, f"{name}: {len(strange):,} messages arrived that the database lacks")


def check_signatures(ledger: Ledger) -> Check:
    """The merchants could verify whatever they got."""
    count = sum(tally.requests for tally in ledger.messages.values())
    if ledger.bad_signatures:
        return Check(False, f"{ledger.bad_signatures:,} of {count:,} signatures are wrong")
    return Check(True, f"All {count:,} requests to merchants were signed correctly")


def _check_delivered(name: str, deliveries: Sequence[Delivery], tallies: dict[str, Tally]) -> Check:
    lost, unexplained, delivered = [], [], 0
    for one in deliveries:
        arrivals = tallies[one.identity].arrivals
        if one.is_sent:
            delivered += 1
            if not arrivals:
                lost.append(one.notification)
        elif arrivals and not one.unheard:
            unexplained.append(one.notification)
    if lost or unexplained:
        return Check(
            False,
            f"{name}: notifications {lost[:5]} count as delivered and did not arrive ({len(lost):,}); "
            f"{unexplained[:5]} arrived and do not count ({len(unexplained):,})",
        )
    return Check(
        True, f"{name}: {delivered:,} delivered, the receivers have the same {delivered:,}"
    )


def _check_attempts(name: str, deliveries: Sequence[Delivery], tallies: dict[str, Tally]) -> Check:
    """An attempt without an answer may or may not have reached the receiver."""
    heard = sum(one.heard for one in deliveries)
    unheard = sum(one.unheard for one in deliveries)
    seen = sum(tally.requests for tally in tallies.values())
    holds = heard <= seen <= heard + unheard
    on_record = f"{heard:,} attempts were answered" + (f", {unheard:,} not" if unheard else "")
    return Check(holds, f"{name}: {on_record}; the receivers saw {seen:,}")


def _check_twice(name: str, deliveries: Sequence[Delivery], tallies: dict[str, Tally]) -> Check:
    """A message may arrive again only after an attempt that got no answer."""
    twice, unexplained = 0, []
    for one in deliveries:
        arrivals = tallies[one.identity].arrivals
        twice += arrivals > 1
        if arrivals > 1 + one.unheard:
            unexplained.append(one.notification)
    if unexplained:
        return Check(
            False, f"{name}: notifications {unexplained[:5]} arrived twice without a reason"
        )
    if not twice:
        return Check(True, f"{name}: nothing arrived twice")
    return Check(True, f"{name}: {twice:,} arrived twice, each after a try that got no answer")
