"""What came of handing a mail over, as the attempt log has it."""

from django.conf import settings

from notifications.channel_api.sendable import Sendable
from notifications.confidential import WITHHELD
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.channels.email.failures import MailFailure
from notifications.sending.channels.email.message import message_id_domain

MAX_ERROR = 500


def taken(sendable: Sendable, provider_message_id: str = "") -> SendResult:
    """The server took it."""
    return SendResult(
        outcome=Outcome.SUCCESS,
        status_code=250,
        provider_message_id=provider_message_id,
        request=_request(sendable),
    )


def expired() -> SendResult:
    """It became too late before its content was handed over."""
    return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")


def failed(sendable: Sendable, failure: MailFailure) -> SendResult:
    """Describe a failure; the server's words may quote the message, so of a secret one they are left out."""
    if not failure.code:  # the words are ours
        return _failed(
            sendable, failure, sendable.redactor.clean_of_all(failure.text, MAX_ERROR), {}
        )
    said = sendable.quoted(failure.text, MAX_ERROR)
    error = f"the mail server answered {failure.code}{': ' if said else ''}{said}"
    return _failed(sendable, failure, error, {"text": said or WITHHELD})


def _failed(
    sendable: Sendable, failure: MailFailure, error: str, response: dict[str, str]
) -> SendResult:
    return SendResult(
        outcome=failure.outcome,
        error=error,
        status_code=failure.code,
        bounce=failure.bounce,
        request=_request(sendable),
        response=response,
    )


def _request(sendable: Sendable) -> dict[str, str]:
    kept = {
        "from": settings.DEFAULT_FROM_EMAIL,
        "to": sendable.address,
        "message_id": f"<{sendable.message_id}@{message_id_domain()}>",
    }
    return kept if sendable.is_secret else {**kept, "subject": sendable.content.subject}
