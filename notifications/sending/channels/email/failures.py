"""What a mail server's refusal means for the delivery (RFC 5321, 4.2.1)."""

import smtplib
from dataclasses import dataclass, replace

from notifications.rules.outcome import Outcome
from notifications.rules.provider_events import Bounce
from notifications.sending.channels.email.dialogue import OutOfStepError
from notifications.sending.channels.email.enhanced_status import bounce_of


@dataclass(frozen=True)
class MailFailure:
    """The class of a failure, the server's reply code if it gave one, and its words."""

    outcome: Outcome
    code: int | None
    text: str
    bounce: Bounce | None = None
    """What it proves of the address."""


BROKEN = MailFailure(
    Outcome.TRANSIENT, None, "the connection failed before the mail was handed over"
)
UNKNOWN = MailFailure(
    Outcome.AMBIGUOUS,
    None,
    "the mail server's answers are out of step, so it is not known what it did with the mail",
)
_OUT_OF_ORDER = 503


def classify_connecting(error: Exception) -> MailFailure:
    """Classify a failure before the message was handed over: it cannot have arrived.

    A refused login is not the message's fault; it is tried again while somebody corrects it.
    """
    if isinstance(error, smtplib.SMTPResponseException):
        return MailFailure(Outcome.TRANSIENT, error.smtp_code, _text(error.smtp_error))
    return MailFailure(Outcome.TRANSIENT, None, _name(error))


def classify_announcing(error: Exception, *, after_refusal: bool = False) -> MailFailure:
    """Classify a failure before the content was handed over: it cannot have arrived.

    Args:
        error: what was raised.
        after_refusal: the mail before it, in the same group of commands, was refused. A server that still
            has that one in mind finds the commands out of order, and means nothing by it.
    """
    if not is_refusal(error):
        return BROKEN
    failure = classify_sending(error)
    if after_refusal and failure.code == _OUT_OF_ORDER:
        return replace(failure, outcome=Outcome.TRANSIENT, bounce=None)
    return failure


def is_refusal(error: Exception) -> bool:
    """Whether the server has said no, so that the connection is as it was."""
    return isinstance(error, smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException)


def classify_writing(error: Exception) -> MailFailure:
    """Classify a failure while the message was written: nobody has seen it."""
    return MailFailure(
        Outcome.TRANSIENT, None, f"the mail could not be written ({type(error).__name__})"
    )


def classify_sending(error: Exception) -> MailFailure:
    """Classify a failure while the message was handed over."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, words = next(iter(error.recipients.values()))
        return _about_address(_reply(code, _text(words)))
    if isinstance(error, smtplib.SMTPDataError):
        return _about_address(_reply(error.smtp_code, _text(error.smtp_error)))
    if isinstance(error, smtplib.SMTPResponseException):
        return _reply(error.smtp_code, _text(error.smtp_error))
    if isinstance(error, OutOfStepError):
        return UNKNOWN
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return MailFailure(
            Outcome.PERMANENT, None, "the server cannot take this address (SMTPUTF8)"
        )
    return MailFailure(Outcome.AMBIGUOUS, None, _name(error))


def _reply(code: int, text: str) -> MailFailure:
    outcome = Outcome.PERMANENT if 500 <= code < 600 else Outcome.TRANSIENT
    return MailFailure(outcome, code, text)


def _about_address(failure: MailFailure) -> MailFailure:
    """Each mail has one receiver, so a refusal of the receiver or of the whole mail may be about that."""
    return replace(failure, bounce=bounce_of(failure.code or 0, failure.text))


def _text(words: bytes | str) -> str:
    return words.decode("utf-8", "replace") if isinstance(words, bytes) else words


def _name(error: Exception) -> str:
    """Name an error without its text, which may quote what was being sent."""
    return f"the connection failed ({type(error).__name__})"
