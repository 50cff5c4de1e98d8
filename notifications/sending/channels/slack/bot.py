"""Bots: ``chat.postMessage`` with a token."""

import json

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.channels.slack.errors import is_our_account, outcome_of_error
from notifications.sending.channels.slack.text import escaped
from notifications.sending.outgoing.fetch import Response
from notifications.sending.providers.account import Account, GivenCredentials
from notifications.sending.providers.answer import (
    described,
    json_object,
    outcome_of_status,
    retry_after,
)
from notifications.sending.providers.exchange import ask, clean

MAX_WORD = 200


class SlackBot(GivenCredentials):
    """Posts to a channel that the bot was invited to."""

    kind = "slack"
    base_url = "https://slack.com"
    credentials = ("token",)
    options = ()

    def check(self, account: Account) -> str:
        """Return whether the token has the form of a bot's."""
        if not account.credentials["token"].startswith("xox"):
            return "credentials: token must be a bot token, which begins with xoxb-"
        return ""

    async def send(self, account: Account, sendable: Sendable, seconds: float) -> SendResult:
        """Post one message."""
        document = {"channel": sendable.address, "text": escaped(sendable.content.text)}
        answer = await ask(
            sendable,
            f"{account.base_url}/api/chat.postMessage",
            json.dumps(document).encode(),
            {
                "Content-Type": "application/json; charset=utf-8",
                "Authorization": f"Bearer {account.credentials['token']}",
            },
            seconds=seconds,
            kept=_kept(sendable),
        )
        return answer if isinstance(answer, SendResult) else _read(answer, sendable)


def _kept(sendable: Sendable) -> dict[str, str]:
    kept = {"channel": sendable.address}
    return kept if sendable.is_secret else {**kept, "text": sendable.content.text}


def _read(response: Response, sendable: Sendable) -> SendResult:
    """Slack answers 200 to most errors; ``ok`` tells."""
    told = json_object(response)
    outcome, error, word = outcome_of_status(response.status), "", str(told.get("error") or "")
    if outcome is Outcome.SUCCESS and told.get("ok") is not True:
        outcome = outcome_of_error(word, response.status)
        said = sendable.quoted(word, MAX_WORD)
        error = f"Slack refused: {said or 'no reason given'}"
    elif outcome is not Outcome.SUCCESS:
        error = described("Slack", response.status)
    stamp = f"{told.get('channel', '')}:{told.get('ts', '')}"
    return SendResult(
        outcome=outcome,
        error=error,
        status_code=response.status,
        retry_after=retry_after(response, outcome),
        provider_message_id=stamp if outcome is Outcome.SUCCESS else "",
        try_next=is_our_account(word),
        request=_kept(sendable),
        response=clean(sendable, {"ok": told.get("ok"), "error": word}),
    )
