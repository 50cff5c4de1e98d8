"""The Bot API's ``sendMessage``."""

import json
import re
from typing import Any

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.outgoing.fetch import Response
from notifications.sending.outgoing.retry_after import parse_retry_after
from notifications.sending.providers.account import Account, GivenCredentials
from notifications.sending.providers.answer import described, json_object, outcome_of_status
from notifications.sending.providers.exchange import ask, clean
from tasks_core import clock

MAX_WORDS = 1_000
_TOKEN = re.compile(r"[0-9]+:[A-Za-z0-9_-]+")
_NOT_FOUND, _UNAUTHORISED, _FORBIDDEN = 404, 401, 403


class TelegramBot(GivenCredentials):
    """Sends to people who have spoken to the bot, and to groups that it was added to."""

    kind = "telegram"
    base_url = "https://api.telegram.org"
    credentials = ("token",)
    options = ()

    def check(self, account: Account) -> str:
        """Return whether the token has the form of a bot's: a number, a colon and the rest."""
        if not _TOKEN.fullmatch(account.credentials["token"]):
            return "credentials: token must be a bot token, such as 123456:ABC-DEF"
        return ""

    async def send(self, account: Account, sendable: Sendable, seconds: float) -> SendResult:
        """Send one message, as plain text."""
        document = {
            "chat_id": sendable.address,
            "text": sendable.content.text,
            "link_preview_options": {"is_disabled": True},
        }
        answer = await ask(
            sendable,
            f"{account.base_url}/bot{account.credentials['token']}/sendMessage",
            json.dumps(document).encode(),
            {"Content-Type": "application/json"},
            seconds=seconds,
            kept=_kept(sendable),
        )
        return answer if isinstance(answer, SendResult) else _read(answer, sendable)


def _kept(sendable: Sendable) -> dict[str, str]:
    kept = {"chat_id": sendable.address}
    return kept if sendable.is_secret else {**kept, "text": sendable.content.text}


def _read(response: Response, sendable: Sendable) -> SendResult:
    told = json_object(response)
    outcome = _outcome(response.status)
    said = sendable.quoted(str(told.get("description") or ""), MAX_WORDS)
    error = "" if outcome is Outcome.SUCCESS else described("Telegram", response.status)
    result = told.get("result")
    number = result.get("message_id") if isinstance(result, dict) else None
    return SendResult(
        outcome=outcome,
        error=f"{error}: {said}" if error and said else error,
        status_code=response.status,
        retry_after=None if outcome is Outcome.SUCCESS else _asked_to_wait(told),
        provider_message_id="" if number is None else f"{sendable.address}:{number}",
        try_next=response.status in (_UNAUTHORISED, _NOT_FOUND),
        request=clean(sendable, _kept(sendable)),
        response={"ok": told.get("ok"), "error_code": told.get("error_code"), "description": said},
    )


def _outcome(status: int) -> Outcome:
    """403 is the receiver's word (blocked, left the group); 401 and 404 are about our token."""
    if status == _FORBIDDEN:
        return Outcome.PERMANENT
    if status == _NOT_FOUND:
        return Outcome.TRANSIENT
    return outcome_of_status(status)


def _asked_to_wait(told: dict[str, Any]) -> float | None:
    parameters = told.get("parameters")
    seconds = parameters.get("retry_after") if isinstance(parameters, dict) else None
    return parse_retry_after(str(seconds), clock.now()) if isinstance(seconds, int) else None
