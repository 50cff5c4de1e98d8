"""Gateways with Twilio's form API: Twilio itself, and those that copy it."""

import base64
from urllib.parse import quote, urlencode

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.rules.sms.segments import segments
from notifications.sending.channels.sms.twilio_errors import meaning_of
from notifications.sending.outgoing.fetch import Response
from notifications.sending.providers.account import Account, GivenCredentials
from notifications.sending.providers.answer import (
    described,
    json_object,
    outcome_of_status,
    retry_after,
)
from notifications.sending.providers.exchange import ask
from tasks_core import clock

SHORTEST_VALIDITY, LONGEST_VALIDITY = 1, 36_000
"""What the gateway takes as the rest of a message's life, in whole seconds."""

MAX_DIGITS = 6
"""Twilio's error numbers have five."""


class Twilio(GivenCredentials):
    """Sends by ``POST /2010-04-01/Accounts/{sid}/Messages.json``."""

    kind = "twilio"
    base_url = "https://api.twilio.com"
    credentials = ("account_sid", "auth_token")
    options = ("sender", "messaging_service_sid", "status_callback")

    def check(self, account: Account) -> str:
        """Return what is missing: it must be known from whom messages come."""
        if not account.options.get("sender") and not account.options.get("messaging_service_sid"):
            return "options: give sender (a number or name) or messaging_service_sid"
        return ""

    async def send(self, account: Account, sendable: Sendable, seconds: float) -> SendResult:
        """Hand over one message; the gateway drops it by itself when it has become too late."""
        validity = _validity(sendable)
        if validity == 0:
            return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")
        fields = _fields(account, sendable, validity)
        answer = await ask(
            sendable,
            f"{account.base_url}/2010-04-01/Accounts/{quote(account.credentials['account_sid'])}"
            "/Messages.json",
            urlencode(fields).encode(),
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Authorization": _authorization(account),
            },
            seconds=seconds,
            kept=_kept(fields, sendable),
        )
        return answer if isinstance(answer, SendResult) else _read(answer, fields, sendable)


def _validity(sendable: Sendable) -> int | None:
    """Return the whole seconds that are left, 0 if there is not even one, None for no end."""
    left = sendable.seconds_left(clock.now())
    if left is None:
        return None
    return min(int(left), LONGEST_VALIDITY) if left >= SHORTEST_VALIDITY else 0


def _fields(account: Account, sendable: Sendable, validity: int | None) -> dict[str, str]:
    service = account.options.get("messaging_service_sid", "")
    callback = account.options.get("status_callback", "")
    return {
        "To": sendable.address,
        **({"MessagingServiceSid": service} if service else {"From": account.options["sender"]}),
        "Body": sendable.content.text,
        **({"ValidityPeriod": str(validity)} if validity else {}),
        **({"StatusCallback": callback} if callback else {}),
    }


def _kept(fields: dict[str, str], sendable: Sendable) -> dict[str, object]:
    found = segments(fields["Body"])
    shown = {name: text for name, text in fields.items() if name != "Body"}
    if not sendable.is_secret:
        shown["Body"] = fields["Body"]
    return {**shown, "segments": found.count, "encoding": found.encoding}


def _authorization(account: Account) -> str:
    pair = f"{account.credentials['account_sid']}:{account.credentials['auth_token']}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


def _read(response: Response, fields: dict[str, str], sendable: Sendable) -> SendResult:
    told = json_object(response)
    code = told.get("error_code") or (told.get("code") if response.status >= 300 else None)
    request = _kept(fields, sendable)
    shown = {name: told.get(name) for name in ("sid", "status", "error_code", "code")}
    if not code:
        outcome = outcome_of_status(response.status)
        return SendResult(
            outcome=outcome,
            error="" if outcome is Outcome.SUCCESS else described("the gateway", response.status),
            status_code=response.status,
            retry_after=retry_after(response, outcome),
            provider_message_id=str(told.get("sid") or ""),
            try_next=outcome is not Outcome.SUCCESS and response.status in (401, 402, 403),
            request=request,
            response=shown,
        )
    meaning = meaning_of(code, response.status)
    return SendResult(
        outcome=meaning.outcome,
        error=f"the gateway answered {response.status}, error {_shown(code)}: {meaning.text}",
        status_code=response.status,
        retry_after=retry_after(response, meaning.outcome),
        try_next=meaning.try_next,
        about_receiver=meaning.about_receiver,
        request=request,
        response=shown,
    )


def _shown(code: object) -> str:
    """Return an error's number; something else in its place may be a quotation."""
    text = str(code)
    return text if text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS else "of no number"
