"""From an exception to a failure that may be stored: secrets out, sizes bounded."""

import hashlib
import re
import traceback
from collections.abc import Iterable

from tasks_core.engine.json_text import storable
from tasks_core.engine.outcome import Failure
from tasks_core.engine.redaction.known import without
from tasks_core.exceptions import InvalidPayload, PermanentError, RetryAfter
from tasks_core.logs.redaction import without_known_secrets

MESSAGE_LIMIT = 2_000
TRACEBACK_LIMIT = 20_000
LONGEST_SEARCH = 100_000
"""Characters in which secrets are looked for; what is stored is far from where they are cut."""


def failure_of(
    error: BaseException,
    *,
    final_errors: tuple[type[BaseException], ...] = (),
    secrets: Iterable[str] = (),
) -> Failure:
    """Describe ``error`` for the record.

    The traceback holds source lines and no values of variables; ``secrets``, and those that are known
    here, are masked wherever they occur in message and traceback.
    """
    given = list(secrets)
    text = scrub("".join(traceback.format_exception(error))[-LONGEST_SEARCH:], given)
    return Failure(
        error=class_path(error),
        message=storable(scrub(_text(error)[:LONGEST_SEARCH], given), limit=MESSAGE_LIMIT),
        traceback=_tail(storable(text, limit=len(text) + 1)),
        final=isinstance(error, (PermanentError, InvalidPayload, *final_errors)),
        retry_after=error.seconds if isinstance(error, RetryAfter) else None,
        kinds=tuple(_path(kind) for kind in type(error).__mro__),
    )


def class_path(error: BaseException) -> str:
    """Return the dotted path of the exception's class."""
    return _path(type(error))


def _path(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def scrub(text: str, secrets: Iterable[str]) -> str:
    """Mask every occurrence of a secret in ``text``, in whatever form it is written.

    With ``secrets`` are masked those that are known here: of the attempt that runs, and of the process.
    """
    return without_known_secrets(without(text, secrets))


def fingerprint(task_type: str, failure: Failure) -> str:
    """Return the same short text for failures of the same kind at the same place.

    Numbers and quoted values are left out, so that "order 17 not found" and "order 18 not found" agree.
    """
    frames = re.findall(r'File "([^"]+)", line \d+, in (\S+)', failure.traceback)
    place = ":".join(frames[-1]) if frames else ""
    message = re.sub(r"'[^']*'|\"[^\"]*\"|\d+", "#", failure.message)
    parts = f"{task_type}\n{failure.error}\n{place}\n{message}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except BaseException:  # noqa: BLE001 an exception of the handler's own making may do anything
        return "(the exception has no text: its __str__ failed)"


def _tail(text: str) -> str:
    """Keep the end of a long traceback: it names the error."""
    return text if len(text) <= TRACEBACK_LIMIT else "…" + text[-TRACEBACK_LIMIT + 1 :]
