"""All checks of a run."""

from collections.abc import Sequence
from pathlib import Path

from examples.demo import checks, counts, leaks
from examples.demo.checks import Check
from examples.demo.receivers import Receivers
from examples.demo.summary import Summary, summarise
from examples.payments.event import Event
from examples.payments.gateway import WEBHOOK, Announced


def verify(
    run: str,
    announced: Sequence[tuple[Event, Announced]],
    events: Sequence[Event],
    receivers: Receivers,
    logs: Path,
) -> tuple[Summary, list[Check]]:
    """Add up a run and hold its numbers against the receivers'."""
    messages = counts.messages(run)
    known = counts.known_message_ids()
    mails = [message for message in messages if message.category != WEBHOOK]
    webhooks = [message for message in messages if message.category == WEBHOOK]
    codes = {pk: found.code for _, found in announced if found.code for pk in found.notifications}
    sent = {
        message.message_id: codes[message.id]
        for message in mails
        if message.id in codes and message.state == "sent" and message.message_id
    }
    summary = summarise(messages, announced)
    return summary, [
        checks.check_ends(summary, len(events)),
        checks.check_dead_letters(messages),
        *checks.compare("E-mail", mails, receivers.mail.ledger, known),
        *checks.compare("Webhooks", webhooks, receivers.merchants.ledger, known),
        checks.check_signatures(receivers.merchants.ledger),
        leaks.check_mails(sent, receivers.mail.ledger.texts),
        leaks.check_codes(codes.values(), logs),
    ]
