"""The e-mail channel: its addresses and its templates."""

from django.core.exceptions import ValidationError
from django.core.validators import validate_email

from notifications.channels.channel import Address
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledMail

MAX_ADDRESS = 254


class EmailChannel:
    """Mail addresses, and templates with subject, text and optional HTML."""

    kind = "email"
    deliver_task = "notification.deliver.email"
    carries_secrets = True

    def recognises(self, to: str | Endpoint) -> bool:
        """A text with an at sign that is no URL."""
        return isinstance(to, str) and "@" in to and "://" not in to

    def addresses(self, receivers: list[str | Endpoint]) -> list[Address | str]:
        """Check the form of each address."""
        return [_address(receiver) for receiver in receivers]

    def compile(self, subject: str, text: str, html: str) -> CompiledMail:
        """Compile subject, text and HTML."""
        return CompiledMail(subject, text, html)


def _address(receiver: str | Endpoint) -> Address | str:
    if not isinstance(receiver, str):
        return "is an Endpoint; the channel email needs a mail address such as ada@example.com"
    try:
        validate_email(receiver)
    except ValidationError:
        return "is not a mail address; give one such as ada@example.com, without a display name"
    if len(receiver) > MAX_ADDRESS:
        return f"has more than {MAX_ADDRESS} characters, which no mail address may have"
    local, _, domain = receiver.rpartition("@")
    if domain.startswith(
        "["
    ):  # it would make our mail server connect to whatever somebody types in
        return "has a number in place of a domain; give an address such as ada@example.com"
    return Address(f"{local}@{domain.lower()}")
