"""The mail of a delivery, as a message of Django's."""

from django.conf import settings

from notifications import conf
from notifications.channel_api.sendable import Sendable
from notifications.rules.domains import ascii_domain, with_ascii_domain
from notifications.sending.channels.email.unfolded import Mail
from notifications.sending.channels.email.unsubscribe_headers import unsubscribe_headers


def compose(sendable: Sendable) -> Mail:
    """Build the message. Its Message-ID is the same for every attempt."""
    content = sendable.content
    message = Mail(
        subject=content.subject,
        body=content.text,
        # Django would write another domain, by a standard of 2003.
        from_email=with_ascii_domain(settings.DEFAULT_FROM_EMAIL),
        to=[with_ascii_domain(sendable.address)],
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
    """Return the domain for Message-IDs: the configured one, or that of the sender, as in the DNS."""
    configured = conf.current().email_message_id_domain
    domain = configured or settings.DEFAULT_FROM_EMAIL.rpartition("@")[2].strip(" >") or "localhost"
    if domain.isascii():
        return domain
    # The header has no way to encode anything else (RFC 5322, 3.6.4).
    try:
        return ascii_domain(domain)
    except UnicodeError:
        return "localhost"
