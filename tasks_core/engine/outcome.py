"""What an attempt came to: a value, decided apart from running the handler and from recording it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tasks_core.engine.states import EventKind, State


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """Why an attempt failed, already free of secrets.

    Attributes:
        error: class path of the exception.
        message: its text.
        traceback: the formatted traceback, or an empty string.
        final: the error is never retried, whatever the policy.
        kinds: class paths of the exception and its bases.
        retry_after: seconds before which the next attempt must not begin, if the handler said so.
    """

    error: str
    message: str
    traceback: str = ""
    final: bool = False
    retry_after: float | None = None
    kinds: tuple[str, ...] = ()

    @property
    def summary(self) -> str:
        """Return class and text in one line."""
        name = self.error.rpartition(".")[2]
        return f"{name}: {self.message}" if self.message else name


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The state an attempt leads to and what is written with it.

    Attributes:
        transition: name of the arrow in ``states.TRANSITIONS``.
        run_after: when the next attempt may begin, for the states that wait.
        result: JSON value that the handler returned.
        failure: why it failed, if it did.
        reason: in words, why the task ended or waits.
        isolate: the next attempt runs in a batch of its own.
    """

    transition: str
    state: State
    events: tuple[tuple[EventKind, dict[str, Any]], ...]
    uses_attempt: bool = True
    run_after: datetime | None = None
    result: Any = None
    failure: Failure | None = None
    reason: str = ""
    isolate: bool = False
