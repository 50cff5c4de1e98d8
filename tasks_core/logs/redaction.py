"""The process' redactor, with the secrets that are known where a line is written."""

from collections.abc import Iterable, Mapping

from tasks_core.engine.redaction import Redactor
from tasks_core.engine.redaction.known import without_known
from tasks_core.engine.redaction.structure import Json
from tasks_core.logs.secrets import known_here

_redactor = Redactor()


def treat_as_secret(words: Iterable[str]) -> None:
    """Mask fields with one of these words in their names, besides those that are built in."""
    global _redactor
    _redactor = Redactor(words=words)


def is_secret_field(name: str) -> bool:
    """Tell whether what is called ``name`` is masked whatever it holds."""
    return _redactor.is_secret(name)


def redacted_text(text: str) -> str:
    """Return a text without secrets and control characters, of bounded length."""
    return _redactor.text(text, known_here())


def without_known_secrets(text: str, *, limit: int | None = None) -> str:
    """Return a text as it may be kept: without the secrets whose values are known here, and else as it is.

    Known are those of the configuration, of the payload of the attempt that runs, and what was hidden with
    ``hide`` and ``hide_everywhere``. With ``limit`` the text is cut to so many characters.
    """
    return without_known(text, known_here(), limit=limit)


def redacted_value(value: object) -> Json:
    """Return a value of any shape as plain JSON without secrets, of bounded size."""
    return _redactor.value(value, known_here())


def redacted_fields(fields: Mapping[str, object]) -> dict[str, Json]:
    """Return the fields of a log line without secrets, as plain JSON of bounded size."""
    return _redactor.fields(fields, known_here())
