"""What Anymail's backends, for the interfaces of mail providers, can do beyond Django's."""

from typing import Any

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from notifications.channel_api.sendable import Sendable
from notifications.rules.outcome import Outcome
from notifications.sending.channels.email.failures import MailFailure
from notifications.sending.providers.answer import outcome_of_status

_PACKAGE = "anymail."


def is_anymail(backend: BaseEmailBackend) -> bool:
    """Return whether a backend is one of Anymail's, without importing it: it is optional."""
    return any(base.__module__.startswith(_PACKAGE) for base in type(backend).__mro__)


def mark(message: EmailMessage, sendable: Sendable) -> None:
    """Let the provider's events name the delivery that they are about."""
    marked: Any = message
    marked.metadata = {"delivery": sendable.message_id}


def message_id_of(message: EmailMessage) -> str:
    """Return the provider's id of a message that was sent; empty if it told none."""
    status = getattr(message, "anymail_status", None)
    found = getattr(status, "message_id", None)
    return found[:200] if isinstance(found, str) else ""


def classify(error: Exception) -> MailFailure | None:
    """Classify an error of Anymail's; None if it is of something else.

    Its text is not used: it may quote the message.
    """
    if not any(base.__module__.startswith(_PACKAGE) for base in type(error).__mro__):
        return None
    kind = type(error).__name__
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        outcome = outcome_of_status(status)
        if outcome is Outcome.SUCCESS:  # taken, but the answer could not be read
            outcome = Outcome.AMBIGUOUS
        return MailFailure(outcome, status, kind)
    if "APIError" in kind:
        return MailFailure(Outcome.AMBIGUOUS, None, f"the mail provider gave no answer ({kind})")
    return MailFailure(Outcome.PERMANENT, None, f"the mail provider cannot send it ({kind})")
