"""The mail of a delivery, as a message of Django's."""

from django.conf import settings

from notifications import conf
from notifications.channels.email.unfolded import Mail
from notifications.pipeline.sendable import Sendable
from notifications.unsubscribing.headers import unsubscribe_headers


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
    """Give the domain for Message-IDs: the configured one, or that of the sender, as in the DNS."""
    configured = conf.current().email_message_id_domain
    domain = configured or settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    if domain.isascii():
        return domain
    # The header has no way to encode anything else (RFC 5322, 3.6.4).
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError:
        return "localhost"
