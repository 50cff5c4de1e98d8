"""Incoming webhooks: a URL that posts to one channel."""

import json

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.channels.slack.text import escaped
from notifications.sending.destinations.loading import Opened
from notifications.sending.outgoing.fetch import Response
from notifications.sending.providers.answer import described, outcome_of_status, retry_after
from notifications.sending.providers.exchange import ask, clean

_GONE_STATUS = 410
_GONE_WORDS = frozenset({"no_service", "no_service_id", "no_team", "team_disabled"})
_SEARCHED = 5_000
"""Characters of an answer in which secrets are looked for; a hundred of them are kept."""


async def post_to(opened: Opened, sendable: Sendable, seconds: float) -> SendResult:
    """Post one message."""
    kept = {} if sendable.is_secret else {"text": sendable.content.text}
    answer = await ask(
        sendable,
        opened.secret["url"],
        json.dumps({"text": escaped(sendable.content.text)}).encode(),
        {"Content-Type": "application/json"},
        seconds=seconds,
        kept=kept,
    )
    if isinstance(answer, SendResult):
        return answer
    return _read(answer, opened, sendable, kept)


def _read(
    response: Response, opened: Opened, sendable: Sendable, kept: dict[str, str]
) -> SendResult:
    outcome = outcome_of_status(response.status)
    # Cut when it is clean: half an address would not be known.
    word = clean(sendable, response.body.decode("utf-8", "replace").strip()[:_SEARCHED])[:100]
    is_gone = response.status == _GONE_STATUS or word in _GONE_WORDS
    quoted = sendable.quoted(word, 100)
    said = f" ({quoted})" if quoted else ""
    return SendResult(
        outcome=Outcome.PERMANENT if is_gone else outcome,
        error="" if outcome is Outcome.SUCCESS else described("Slack", response.status) + said,
        status_code=response.status,
        retry_after=retry_after(response, outcome),
        destination_gone=opened.name if is_gone else "",
        request=clean(sendable, kept),
        response=clean(sendable, {"text": word}),
    )
