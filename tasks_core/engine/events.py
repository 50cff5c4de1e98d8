"""What happened to a task, typed: one class for each kind of event.

Facts that a row lacks (it is older than the fact, or the fact does not apply) are None or empty.
"""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any, ClassVar

from tasks_core.engine.event_facts import fact, facts, flag, instant, number, text, whole
from tasks_core.engine.states import EventKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What all events have.

    Attributes:
        id: rises, per task, in the order in which its transitions were committed.
        task_id: the task it happened to.
        task_type: its type.
        attempt: executions begun until then, this one included; 0 before the first.
        at: when, aware UTC.
    """

    kind: ClassVar[EventKind]

    id: int
    task_id: int
    task_type: str
    attempt: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskScheduled(Event):
    """The task was made. ``late``: seconds by which its schedule made it late; None without one."""

    kind = EventKind.SCHEDULED
    late: float | None = fact(number, "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskQueued(Event):
    """The task was handed to the broker."""

    kind = EventKind.QUEUED


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskStarted(Event):
    """An attempt began. ``waited``: seconds since the task was due."""

    kind = EventKind.STARTED
    waited: float | None = fact(number, "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskProgressed(Event):
    """The handler told how far it has come: ``done`` of ``total`` (if it knows that), in its own units."""

    kind = EventKind.PROGRESSED
    done: float | None = fact(number)
    total: float | None = fact(number)
    note: str = fact(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCompleted(Event):
    """The handler returned. ``duration``: seconds that the attempt ran."""

    kind = EventKind.COMPLETED
    duration: float | None = fact(number, "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskFailed(Event):
    """An attempt failed; another event at the same instant tells what follows.

    Attributes:
        error: class and text of the exception in one line, free of secrets.
        retry_count: attempts before this one that count against the retry policy.
        will_retry: whether another attempt follows.
        duration: seconds that the attempt ran.
    """

    kind = EventKind.FAILED
    error: str = fact(text)
    retry_count: int | None = fact(whole)
    will_retry: bool | None = fact(flag)
    duration: float | None = fact(number, "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRetrying(Event):
    """The task waits for another attempt: the ``next_attempt``-th that counts, at ``next_attempt_at``."""

    kind = EventKind.RETRYING
    next_attempt: int | None = fact(whole, "attempt")
    next_attempt_at: datetime | None = fact(instant)  # noqa: RUF009 makes a field


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskSnoozed(Event):
    """The handler asked to be called again at ``until``, after it ran for ``duration`` seconds."""

    kind = EventKind.SNOOZED
    until: datetime | None = fact(instant)  # noqa: RUF009 makes a field
    duration: float | None = fact(number, "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskYielded(Event):
    """The handler gave way to more urgent work after ``duration`` seconds."""

    kind = EventKind.YIELDED
    duration: float | None = fact(number, "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReleased(Event):
    """The task was given back before it was done.

    Attributes:
        reason: in words.
        returned: whether that ended an attempt, which then does not count.
        priority: its new one, if that changed.
    """

    kind = EventKind.RELEASED
    reason: str = fact(text)
    returned: bool | None = fact(flag)
    priority: int | None = fact(whole)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskLost(Event):
    """The task came back because its message was lost, or its attempt among others of its process.

    Attributes:
        what: ``message``, or empty if it was the attempt.
        isolated: it runs alone from now on, because its process may have died of it.
    """

    kind = EventKind.LOST
    what: str = fact(text)
    isolated: bool | None = fact(flag)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskCancelled(Event):
    """The task was cancelled, for ``reason``."""

    kind = EventKind.CANCELLED
    reason: str = fact(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskExpired(Event):
    """Its time was over before an attempt began; ``reason`` is given if an attempt had failed before."""

    kind = EventKind.EXPIRED
    reason: str = fact(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDeadLettered(Event):
    """No further attempt is made, for ``reason``; a dead letter holds the evidence."""

    kind = EventKind.DEAD_LETTERED
    reason: str = fact(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReplayed(Event):
    """The dead task was enqueued again as task ``replayed_as``; ``edited``: with another payload.

    ``note`` says who wanted it and why, where that was said.
    """

    kind = EventKind.REPLAYED
    replayed_as: int | None = fact(whole)
    edited: bool | None = fact(flag)
    note: str = fact(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskDiscarded(Event):
    """The task's dead letter was resolved without another run; ``note`` says why."""

    kind = EventKind.DISCARDED
    note: str = fact(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskRescheduled(Event):
    """The waiting task got another time; ``reason`` says why, if that was not somebody's wish."""

    kind = EventKind.RESCHEDULED
    reason: str = fact(text)


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskReplaced(Event):
    """The task that had not started got the payload of a later request with its key."""

    kind = EventKind.REPLACED


CLASSES: dict[EventKind, type[Event]] = {cls.kind: cls for cls in Event.__subclasses__()}
"""The class of each kind."""


def read_event(
    *,
    kind: str,
    id: int,  # noqa: A002 the name of the column
    task_id: int,
    task_type: str,
    attempt: int,
    at: datetime,
    duration: float | None = None,
    data: Any = None,
) -> Event:
    """Return the event that a row records; facts that the row lacks are None or empty.

    Raises:
        ValueError: this version does not know the kind; the message names it and the known ones.
    """
    cls = _class(kind)
    row = {**data, "duration": duration} if isinstance(data, dict) else {"duration": duration}
    return cls(
        id=id,
        task_id=task_id,
        task_type=task_type,
        attempt=attempt,
        at=at,
        **facts(fields(cls), row),
    )


def _class(kind: str) -> type[Event]:
    try:
        return CLASSES[EventKind(kind)]
    except ValueError:
        known = ", ".join(EventKind)
        raise ValueError(f"{kind!r} is no kind of event; there are {known}") from None
