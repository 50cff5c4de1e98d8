"""All checks of a run."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from examples.demo import checks, counts, leaks
from examples.demo.checks import Check
from examples.demo.counts import Delivery
from examples.demo.feeder import Feeder
from examples.demo.ledger import Ledger
from examples.demo.receivers import Receivers
from examples.demo.scenarios import check_all
from examples.demo.scenarios.stage import Found, Stage
from examples.demo.summary import Summary, summarise


def verify(
    stage: Stage, feeder: Feeder, receivers: Receivers, logs: Path
) -> tuple[Summary, list[Check]]:
    """Add up a run and hold its numbers against the receivers'."""
    messages, deliveries = counts.messages(stage.run), counts.deliveries(stage.run)
    ledgers = _ledgers(receivers)
    found = Found(messages, deliveries, ledgers["email"], ledgers["sms"])
    codes = _codes(feeder)
    summary = summarise(messages, feeder.announced, feeder.asked)
    return summary, [
        checks.check_accounts(summary),
        checks.check_ends(summary, len(stage.events)),
        *check_all(stage, found),
        checks.check_dead_letters(deliveries),
        *_compare(deliveries, ledgers),
        checks.check_signatures(receivers.merchants.ledger),
        leaks.check_arrived(_sent(deliveries, codes), _texts(ledgers)),
        leaks.check_codes(codes.values(), logs),
    ]


_NAMES = {"email": "E-mail", "webhook": "Webhooks", "sms": "SMS"}


def _ledgers(receivers: Receivers) -> dict[str, Ledger]:
    return {
        "email": receivers.mail.ledger,
        "webhook": receivers.merchants.ledger,
        "sms": receivers.sms.ledger,
    }


def _codes(feeder: Feeder) -> dict[int, str]:
    """Give every code that was asked for, by notification."""
    paid = {
        pk: found.code for _, found in feeder.announced if found.code for pk in found.notifications
    }
    return paid | feeder.codes


def _sent(deliveries: Sequence[Delivery], codes: Mapping[int, str]) -> dict[str, str]:
    return {
        one.identity: codes[one.notification]
        for one in deliveries
        if one.is_sent and one.notification in codes
    }


def _texts(ledgers: Mapping[str, Ledger]) -> dict[str, str]:
    return {identity: text for one in ledgers.values() for identity, text in one.texts.items()}


def _compare(deliveries: Sequence[Delivery], ledgers: Mapping[str, Ledger]) -> list[Check]:
    known = counts.known_identities()
    return [
        check
        for channel, name in _NAMES.items()
        for check in checks.compare(
            name, [one for one in deliveries if one.channel == channel], ledgers[channel], known
        )
    ]
