"""The e-mail channel: its addresses and its templates."""

from notifications.channel_api.channel import Address
from notifications.mail_address import problem_of
from notifications.models.endpoint import Endpoint
from notifications.rendering.compiled import CompiledMail


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
    problem = problem_of(receiver)
    if problem:
        return problem
    local, _, domain = receiver.rpartition("@")
    return Address(f"{local}@{domain.lower()}")
