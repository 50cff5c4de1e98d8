"""A mail backend that logs what it sends, as libraries do."""

import logging
from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend

logger = logging.getLogger("some.library")


class EmailBackend(SmtpBackend):
    """SMTP, with a line for each message."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            logger.info("sending %s", message.body, extra={"mail": {"body": message.body}})
        return super().send_messages(email_messages)
