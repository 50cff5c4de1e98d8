"""Everything that tasks_core raises on purpose.

TasksCoreError
├── InvalidRequest (also ValueError)    the caller asked for something that cannot be
│   ├── UnknownTaskType
│   ├── InnerTaskType
│   ├── InvalidPayload
│   │   └── PayloadTooLarge
│   ├── InvalidSchedule
│   ├── InvalidOption
│   ├── DuplicateTask
│   ├── DuplicateSchedule
│   └── MirroredSchedule
├── TaskNotFound (also LookupError)
├── DeadLetterNotFound (also LookupError)
├── ScheduleNotFound (also LookupError)
├── SubscriptionNotFound (also LookupError)
├── UnsettledKey
└── InvalidTransition
    └── ReplayRefused

Raised by handlers, to tell the platform what to do next:
PermanentError, RetryAfter, Snooze, Yield

Raised into handlers:
TaskCancelled, MaxRuntimeExceeded (also TimeoutError)
"""

from collections.abc import Iterable

from tasks_core.engine.json_text import storable

LONGEST_MESSAGE = 1_000


def in_short(said: Iterable[object]) -> list[object]:
    """Return what an error says so that it can be stored and shown, whatever it quotes."""
    return [storable(one, limit=LONGEST_MESSAGE) if isinstance(one, str) else one for one in said]


class TasksCoreError(Exception):
    """Base of the platform's errors.

    What it says can be stored and shown, whatever the caller's values are that it quotes.
    """

    def __init__(self, *said: object) -> None:
        super().__init__(*in_short(said))


class InvalidRequest(TasksCoreError, ValueError):
    """The request names something that cannot be; nothing was written."""


class UnknownTaskType(InvalidRequest):
    """No task type is registered under this name."""


class InnerTaskType(InvalidRequest):
    """Only the app that owns the task type makes its tasks; the message says what people do instead."""


class InvalidPayload(InvalidRequest):
    """The payload does not fit the schema of its task type."""


class PayloadTooLarge(InvalidPayload):
    """The payload is larger than its task type allows."""


class InvalidSchedule(InvalidRequest):
    """A time is naive, a delay negative, or an expiry before its start."""


class InvalidOption(InvalidRequest):
    """Another option is out of range or of the wrong form."""


class DuplicateTask(InvalidRequest):
    """A task with this key exists already, and the caller asked to be told."""


class DuplicateSchedule(InvalidRequest):
    """A schedule of this name exists already."""


class MirroredSchedule(InvalidRequest):
    """The schedule follows a row of another app; that row is the one to edit."""


class TaskNotFound(TasksCoreError, LookupError):
    """There is no task with this id."""


class DeadLetterNotFound(TasksCoreError, LookupError):
    """There is no dead letter with this id."""


class SubscriptionNotFound(TasksCoreError, LookupError):
    """No subscriber of events has this name."""


class ScheduleNotFound(TasksCoreError, LookupError):
    """There is no schedule of this name."""


class UnsettledKey(TasksCoreError):
    """Others take and free the same key without end; nothing was written, and another try may succeed."""


class InvalidTransition(TasksCoreError):
    """The task's state does not allow this; the message names state and transition."""


class ReplayRefused(InvalidTransition):
    """Running the task again would come to nothing; the message says why and what to do instead."""


class PermanentError(Exception):
    """Raised by a handler: no further attempt can mend this; write a dead letter now."""


class RetryAfter(Exception):
    """Raised by a handler: failed, and the next attempt must not begin before ``seconds`` from now.

    It counts as an attempt; the policy may make the wait longer, never shorter.
    """

    def __init__(self, seconds: float, message: str = "") -> None:
        if not seconds >= 0:  # also refuses NaN
            raise ValueError(f"seconds must be a number that is not negative: {seconds}")
        super().__init__(message or f"retry after {seconds:g} s")
        self.seconds = float(seconds)


class Yield(Exception):
    """Raised by a handler after ``context.should_yield()``: run the urgent work first, then me again.

    No attempt is used up; the next one resumes from the last checkpoint.
    """


class TaskCancelled(Exception):
    """Raised by ``context.checkpoint``: the task was cancelled or taken over; whatever follows is dropped."""


class MaxRuntimeExceeded(TimeoutError):
    """Raised in a handler that runs longer than its type's ``max_runtime``."""


class Snooze(Exception):
    """Raised by a handler: not now; call me again in ``seconds``. No attempt is used up."""

    def __init__(self, seconds: float, message: str = "") -> None:
        if not seconds >= 0:  # also refuses NaN
            raise ValueError(f"seconds must be a number that is not negative: {seconds}")
        super().__init__(message or f"snoozed for {seconds:g} s")
        self.seconds = float(seconds)
