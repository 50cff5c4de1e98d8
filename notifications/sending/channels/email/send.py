"""Send one e-mail."""

import smtplib

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import SendResult
from notifications.sending.channels.email import anymail
from notifications.sending.channels.email.connection import TooLateError, connection
from notifications.sending.channels.email.failures import classify_connecting, classify_sending
from notifications.sending.channels.email.message import compose
from notifications.sending.channels.email.results import expired, failed, taken
from tasks_core import clock


def send(sendable: Sendable) -> SendResult:
    """Hand the message to the mail server, unless it has become too late for it."""
    try:
        backend = connection.ready(sendable.expires_at)
    except (OSError, smtplib.SMTPException) as error:
        connection.drop()
        return failed(sendable, classify_connecting(error))
    # Connecting may have taken a while; nothing is sent that has expired meanwhile.
    if sendable.is_late(clock.now()):
        return expired()
    try:
        message = compose(sendable)
        if anymail.is_anymail(backend):
            anymail.mark(message, sendable)
        backend.send_messages([message])
    except TooLateError:
        connection.drop()
        return expired()
    except Exception as error:  # noqa: BLE001  (backends of other makes raise what they like)
        connection.drop()
        return failed(sendable, anymail.classify(error) or classify_sending(error))
    return taken(sendable, anymail.message_id_of(message))
