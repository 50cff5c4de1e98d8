"""Send one e-mail."""

import smtplib

from django.conf import settings

from notifications import conf
from notifications.channels.email import anymail
from notifications.channels.email.connection import TooLateError, connection
from notifications.channels.email.failures import (
    MailFailure,
    classify_connecting,
    classify_sending,
)
from notifications.channels.email.unfolded import Mail
from notifications.channels.outcome import Outcome, SendResult
from notifications.pipeline.sendable import Sendable
from notifications.unsubscribing.headers import unsubscribe_headers
from tasks_core import clock

MAX_ERROR = 500


def send(sendable: Sendable) -> SendResult:
    """Hand the message to the mail server, unless it has become too late for it."""
    try:
        backend = connection.ready(sendable.expires_at)
    except (OSError, smtplib.SMTPException) as error:
        connection.drop()
        return _failed(sendable, classify_connecting(error))
    # Connecting may have taken a while; nothing is sent that has expired meanwhile.
    if sendable.is_late(clock.now()):
        return _expired()
    try:
        message = compose(sendable)
        if anymail.is_anymail(backend):
            anymail.mark(message, sendable)
        backend.send_messages([message])
    except TooLateError:
        connection.drop()
        return _expired()
    except Exception as error:  # noqa: BLE001  (backends of other makes raise what they like)
        connection.drop()
        return _failed(sendable, anymail.classify(error) or classify_sending(error))
    return SendResult(
        outcome=Outcome.SUCCESS,
        status_code=250,
        provider_message_id=anymail.message_id_of(message),
        request=_request(sendable),
    )


def compose(sendable: Sendable) -> Mail:
    """Build the message. Its Message-ID is the same for every attempt."""
    content = sendable.content
    message = Mail(
        subject=content.subject,
        body=content.text,
        from_email=settings.DEFAULT_FROM_EMAIL,
        to=[sendable.address],
        headers={
            "Message-ID": f"<{sendable.message_id}@{message_id_domain()}>",
            "Auto-Submitted": "auto-generated",
            **unsubscribe_headers(sendable.unsubscribe_url),
        },
    )
    if content.html:
        message.attach_alternative(content.html, "text/html")
    return message


def message_id_domain() -> str:
    """Give the domain for Message-IDs: the configured one, or that of the sender."""
    configured = conf.current().email_message_id_domain
    return configured or settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"


def _expired() -> SendResult:
    return SendResult(outcome=Outcome.EXPIRED, error="expired right before it was sent")


def _failed(sendable: Sendable, failure: MailFailure) -> SendResult:
    """Describe a failure; the server's words may quote the message, so secrets are taken out."""
    said = sendable.redactor.clean(failure.text, MAX_ERROR)
    error = f"the mail server answered {failure.code}: {said}" if failure.code else said
    return SendResult(
        outcome=failure.outcome,
        error=error,
        status_code=failure.code,
        bounce=failure.bounce,
        request=_request(sendable),
        response={"text": said} if failure.code else {},
    )


def _request(sendable: Sendable) -> dict[str, str]:
    kept = {
        "from": settings.DEFAULT_FROM_EMAIL,
        "to": sendable.address,
        "message_id": f"<{sendable.message_id}@{message_id_domain()}>",
    }
    return kept if sendable.is_secret else {**kept, "subject": sendable.content.subject}
