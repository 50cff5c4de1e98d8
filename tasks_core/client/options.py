"""Check what a caller asks for, before anything is written."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypedDict

from tasks_core.correlation_ids import current_correlation_id
from tasks_core.engine.instants import InvalidInstant, checked_instant
from tasks_core.engine.json_text import is_storable, json_text
from tasks_core.engine.retry import RetryRule
from tasks_core.exceptions import InvalidOption, InvalidRequest, InvalidSchedule
from tasks_core.lanes import QUEUE_NAME
from tasks_core.models import RetryPolicy
from tasks_core.priority import Priority
from tasks_core.registry import TaskType

TAG = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
MAX_TAGS = 20
MAX_AHEAD = timedelta(days=366 * 10)
"""How far ahead a task may be, and how long any length of time."""


class TaskOptions(TypedDict, total=False):
    """What a caller may ask of new tasks, however they are enqueued.

    Attributes:
        run_after: aware datetime before which they do not start; now if not given.
        priority: 0 (critical) to 3 (low); the type's if not given.
        queue_name: the type's if not given.
        expires_at: aware datetime; no attempt begins from then on.
        retry: a rule, or the name of a RetryPolicy; the type's if not given.
        tags: words to find them by.
        correlation_id: handed to the handler and inherited by the tasks it makes. If not given, that of
            the block of ``correlation``, of the HTTP request or of the handler that calls, if any.
    """

    run_after: datetime | None
    priority: int | None
    queue_name: str | None
    expires_at: datetime | None
    retry: RetryRule | str | None
    tags: Iterable[str]
    correlation_id: str | None


_KNOWN = frozenset(TaskOptions.__annotations__)


@dataclass(frozen=True, kw_only=True)
class Options:
    """Everything about a new task but its payload and its key, checked."""

    queue_name: str
    priority: Priority
    run_after: datetime
    expires_at: datetime | None
    retry_policy_id: int | None
    retry: str | None
    tags: list[str]
    correlation_id: str


def checked_options(registered: TaskType, options: TaskOptions, *, now: datetime) -> Options:
    """Return the options of a new task, with the defaults of its type.

    Raises:
        InvalidSchedule, InvalidOption: names the argument and what would be right.
        TypeError: there is no such option.
    """
    if unknown := options.keys() - _KNOWN:
        raise TypeError(
            f"unexpected keyword argument {min(unknown)!r}; there are {', '.join(sorted(_KNOWN))} "
            "besides those of the function itself"
        )
    start = _soon("run_after", options.get("run_after"), now) or now
    expiry = _soon("expires_at", options.get("expires_at"), now)
    if expiry is not None and expiry <= max(start, now):
        raise InvalidSchedule(
            f"expires_at ({expiry.isoformat()}) must be later than the time to run ({start.isoformat()})"
        )
    policy_id, rule = _retry(options.get("retry"))
    correlation_id = options.get("correlation_id")
    if correlation_id is None:
        correlation_id = current_correlation_id()
    return Options(
        queue_name=_queue_name(options.get("queue_name"), registered),
        priority=_priority(options.get("priority"), registered),
        run_after=start,
        expires_at=expiry,
        retry_policy_id=policy_id,
        retry=rule,
        tags=_tags(options.get("tags", ())),
        correlation_id=short_text("correlation_id", correlation_id, 128),
    )


def idempotency_key(value: str | None) -> str | None:
    """Return a caller's key, checked.

    Raises:
        InvalidOption: empty, too long or with a NUL character.
    """
    if value is None:
        return None
    if value == "":
        raise InvalidOption("idempotency_key must not be empty; leave it out for none")
    return short_text("idempotency_key", value, 255)


def span(
    name: str,
    value: Any,
    *,
    error: type[InvalidRequest] = InvalidOption,
    longest: timedelta = MAX_AHEAD,
) -> timedelta:
    """Return a length of time, given as a timedelta or in seconds.

    Raises:
        InvalidOption, or what ``error`` says: negative, longer than ``longest`` or no number.
    """
    if isinstance(value, bool) or not isinstance(value, timedelta | int | float):
        raise error(f"{name} must be a timedelta or seconds, not {type(value).__name__}")
    try:
        found = value if isinstance(value, timedelta) else timedelta(seconds=value)
    except (OverflowError, ValueError) as problem:
        raise error(f"{name} {value!r} is out of range: {problem}") from None
    if found < timedelta(0):
        raise error(f"{name} must not be negative: {found.total_seconds():g} s")
    if found > longest:
        days = "1 day" if longest.days == 1 else f"{longest.days} days"
        raise error(f"{name} must be at most {days}, not {found}")
    return found


def instant(name: str, value: object, *, error: type[InvalidRequest] = InvalidSchedule) -> datetime:
    """Return an instant in UTC.

    Raises:
        InvalidSchedule, or what ``error`` says: see ``checked_instant``.
    """
    try:
        return checked_instant(value)
    except InvalidInstant as problem:
        raise error(f"{name} {problem}") from None


def _soon(name: str, value: Any, now: datetime) -> datetime | None:
    if value is None:
        return None
    found = instant(name, value)
    if found - now > MAX_AHEAD:
        raise InvalidSchedule(f"{name} must lie within {MAX_AHEAD.days} days from now")
    return found


def _priority(value: int | None, registered: TaskType) -> Priority:
    if value is None:
        return registered.priority
    try:
        return Priority(value)
    except ValueError:
        raise InvalidOption(
            f"priority must be 0 (critical), 1 (high), 2 (normal) or 3 (low), not {value!r}"
        ) from None


def _queue_name(value: Any, registered: TaskType) -> str:
    if value is None:
        return registered.queue_name
    if not isinstance(value, str) or not QUEUE_NAME.fullmatch(value):
        raise InvalidOption(
            f"queue_name {value!r} must be lower-case letters, digits, _ and -, at most 63 of them"
        )
    return value


def _retry(retry: RetryRule | str | None) -> tuple[int | None, str | None]:
    if retry is None:
        return None, None
    if isinstance(retry, RetryRule):
        return None, json_text(retry.to_json())
    if not isinstance(retry, str):
        raise InvalidOption(
            f"retry must be a rule or the name of a retry policy, not {type(retry).__name__}"
        )
    short_text("retry", retry, 1_000)
    policy_id = RetryPolicy.objects.filter(name=retry).values_list("pk", flat=True).first()
    if policy_id is None:
        known = ", ".join(RetryPolicy.objects.values_list("name", flat=True)[:20]) or "none"
        raise InvalidOption(f"retry: no retry policy is called {retry!r}; there are: {known}")
    return policy_id, None


def _tags(tags: Iterable[Any]) -> list[str]:
    if isinstance(tags, str):
        raise InvalidOption("tags must be a list of words, not one string")
    found = list(tags)
    for tag in found:
        if not isinstance(tag, str) or not TAG.fullmatch(tag):
            raise InvalidOption(f"tags: {tag!r} must match {TAG.pattern}")
    found = list(dict.fromkeys(found))
    if len(found) > MAX_TAGS:
        raise InvalidOption(f"tags: at most {MAX_TAGS}, not {len(found)}")
    return found


def short_text(name: str, value: Any, limit: int) -> str:
    """Return a text that fits into a column.

    Raises:
        InvalidOption: no text, longer than ``limit`` characters, or with a NUL or half of a surrogate pair.
    """
    if not isinstance(value, str):
        raise InvalidOption(f"{name} must be a string, not {type(value).__name__}")
    if len(value) > limit:
        raise InvalidOption(f"{name} must have at most {limit} characters, not {len(value)}")
    if "\x00" in value:
        raise InvalidOption(f"{name} must not hold a NUL character")
    if not is_storable(value):
        raise InvalidOption(f"{name} must not hold half of a surrogate pair, which is no Unicode")
    return value
