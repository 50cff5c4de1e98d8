"""Mails whose unsubscribe links stay in one piece.

Python breaks header lines after 78 characters. A link has no place to break it at, so it is put on a line of
its own, or, by the policies for EmailMessage, written as encoded words, which no mail program follows.
RFC 5322 allows 998 characters, and a line that is not folded is one that no signature can stumble over.
"""

from email.headerregistry import UnstructuredHeader
from email.message import Message
from email.policy import Compat32, EmailPolicy, Policy
from typing import Any

from django.core.mail import EmailMultiAlternatives

from tasks_core.engine.single_line import is_single_line

LINE = 78
UNFOLDED = frozenset({"list-unsubscribe", "list-unsubscribe-post"})


class UnfoldedLinks(Policy):
    """Writes the unsubscribe headers on one line, and all others as its base does."""

    def fold(self, name: str, value: str) -> str:
        """Write a header as text."""
        if name.lower() in UNFOLDED or _fits(name, value):
            return f"{name}: {value}{self.linesep}"
        return super().fold(name, value)

    def fold_binary(self, name: str, value: str) -> bytes:
        """Write a header as bytes."""
        if name.lower() in UNFOLDED or _fits(name, value):
            return self.fold(name, value).encode("ascii")
        return super().fold_binary(name, value)


def _fits(name: str, value: object) -> bool:
    """Whether a header is written as it is: for one line of plain text Python does the same, only slowly.

    Headers that know their grammar are left to it: Django 6 has such for addresses, dates and content types.
    """
    has_no_grammar = type(value) is str or isinstance(value, UnstructuredHeader)
    return (
        has_no_grammar
        and isinstance(value, str)
        and value.strip() == value != ""
        and len(name) + len(": ") + len(value) <= LINE
        and value.isascii()
        and is_single_line(value)
        and "=?" not in value
    )


class UnfoldedCompat32(UnfoldedLinks, Compat32):
    """For the messages of Django 5."""


class UnfoldedEmailPolicy(UnfoldedLinks, EmailPolicy):
    """For those of Django 6."""


class Mail(EmailMultiAlternatives):
    """A mail for any of Django's backends."""

    def message(self, *args: Any, **options: Any) -> Any:
        """Return the mail as a message of Python's, with the policy that keeps links whole."""
        composed: Message = super().message(*args, **options)
        composed.policy = unfolding(composed.policy)
        return composed


def unfolding(policy: Any) -> Any:
    """Return a policy that does as ``policy`` does, but for the unsubscribe headers."""
    kind = UnfoldedEmailPolicy if isinstance(policy, EmailPolicy) else UnfoldedCompat32
    return kind(**vars(policy))
