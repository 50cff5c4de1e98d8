"""Push to one subscription."""

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.channels.webpush.encryption import encrypted
from notifications.sending.channels.webpush.subscription import parse_subscription
from notifications.sending.channels.webpush.template import document_of
from notifications.sending.channels.webpush.vapid import (
    authorization,
    generate_vapid_key,
    private_key,
    public_key,
)
from notifications.sending.destinations.loading import Opened, open_destination
from notifications.sending.outgoing.fetch import Response
from notifications.sending.providers.account import Account
from notifications.sending.providers.answer import described, outcome_of_status, retry_after
from notifications.sending.providers.exchange import ask, clean
from tasks_core import clock

LONGEST_LIFE = 28 * 86400
_GONE = frozenset({404, 410})
_OTHER_KEY = 403


class VapidSender:
    """Pushes under the name of one key pair; browsers subscribe to its public key."""

    kind = "vapid"
    base_url = "https://push.invalid"
    credentials = ("private_key",)
    options = ("contact",)
    is_one_service = False  # each browser has its own push service

    def generated(self) -> dict[str, str]:
        """A new key pair."""
        return {"private_key": generate_vapid_key()}

    def public(self, account: Account) -> dict[str, str]:
        """What browsers subscribe with (``applicationServerKey``)."""
        return {"public_key": public_key(account.credentials["private_key"])}

    def check(self, account: Account) -> str:
        """Return whether the key is one, and whether there is somebody to contact."""
        try:
            private_key(account.credentials["private_key"])
        except ValueError as error:
            return f"credentials: private_key {error}"
        contact = str(account.options.get("contact") or "")
        if not contact.startswith(("mailto:", "https://")):
            return "options: contact must be a mailto: or https:// address; push services want one"
        return ""

    async def send(self, account: Account, sendable: Sendable, seconds: float) -> SendResult:
        """Push one message; the service drops it by itself when it has become too late."""
        opened = await open_destination("webpush", sendable.address)
        if isinstance(opened, SendResult):
            return opened
        subscription = parse_subscription(opened.secret["subscription"])
        now = clock.now()
        body = encrypted(
            document_of(sendable.content),
            receiver_key=subscription.receiver_key,
            auth_secret=subscription.auth_secret,
        )
        kept = _kept(sendable)
        answer = await ask(
            sendable,
            subscription.endpoint,
            body,
            {
                "Content-Type": "application/octet-stream",
                "Content-Encoding": "aes128gcm",
                "TTL": str(_life(sendable)),
                "Urgency": "high" if sendable.is_secret else "normal",
                "Authorization": authorization(
                    account.credentials["private_key"],
                    endpoint=subscription.endpoint,
                    contact=account.options["contact"],
                    now=now,
                ),
            },
            seconds=seconds,
            kept=kept,
        )
        if isinstance(answer, SendResult):
            return answer
        return _read(answer, opened, sendable, kept)


def _life(sendable: Sendable) -> int:
    left = sendable.seconds_left(clock.now())
    return LONGEST_LIFE if left is None else max(0, min(int(left), LONGEST_LIFE))


def _kept(sendable: Sendable) -> dict[str, object]:
    kept: dict[str, object] = {"destination": sendable.address, "ttl": _life(sendable)}
    if not sendable.is_secret:
        kept |= {"title": sendable.content.subject, "body": sendable.content.text}
    return kept


def _read(
    response: Response, opened: Opened, sendable: Sendable, kept: dict[str, object]
) -> SendResult:
    status = response.status
    outcome = outcome_of_status(status)
    is_gone = status in _GONE
    error = "" if outcome is Outcome.SUCCESS else described("the push service", status)
    place = next((v for k, v in response.headers.items() if k.lower() == "location"), "")
    return SendResult(
        outcome=Outcome.PERMANENT if status == _OTHER_KEY else outcome,
        error="the browser has unsubscribed" if is_gone else error,
        status_code=status,
        retry_after=retry_after(response, outcome),
        provider_message_id=place if outcome is Outcome.SUCCESS else "",
        destination_gone=opened.name if is_gone else "",
        # 403: the browser subscribed to another key pair, which another provider here may have.
        try_next=status == _OTHER_KEY,
        request=clean(sendable, kept),
        response=clean(sendable, {"text": response.body.decode("utf-8", "replace")}),
    )
