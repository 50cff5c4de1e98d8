"""Check what a caller asks of a schedule, before anything is written."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from tasks_core.client import options
from tasks_core.engine import schedule as engine
from tasks_core.engine.schedule import Exclusions
from tasks_core.exceptions import InnerTaskType, InvalidOption, InvalidSchedule
from tasks_core.models import Schedule
from tasks_core.registry import get_task_type, require_allowed, task_types
from tasks_core.schedules.recurrence import misfire_rule_of, recurrence_of

MAX_NAME = 200
LONGEST_JITTER = timedelta(days=1)

Span = timedelta | float
"""A length of time, or its seconds."""


def apply(
    schedule: Schedule, changes: Mapping[str, Any], *, now: datetime, inner: bool = False
) -> None:
    """Set what the keywords of ``schedule_recurring`` say on an unsaved or locked row, and check the whole.

    Args:
        schedule: the row.
        changes: what is to be set.
        now: the present.
        inner: the app that owns an inner type asks for it.

    Raises:
        InnerTaskType, InvalidSchedule, InvalidOption, InvalidPayload, UnknownTaskType: names what is wrong.
    """
    for name in changes:
        if name not in _SETTERS:
            raise InvalidOption(
                f"{name} is no option of a schedule; there are {', '.join(_SETTERS)}"
            )
    if not inner:
        require_steerable(schedule)
    for name, setter in _SETTERS.items():  # in this order: the type comes before its payload
        if name in changes:
            setter(schedule, name, changes[name])
    _check(schedule, changes, now, inner=inner)


def require_steerable(schedule: Schedule) -> None:
    """Let pass a schedule whose times are for people to decide.

    Raises:
        InnerTaskType: it runs an inner type for the app that owns that.
    """
    if not is_steerable(schedule):
        raise InnerTaskType(
            f"schedule {schedule.name!r} runs {schedule.task_type!r} for the platform itself; change what it "
            "was made for, such as its cron trigger"
        )


def is_steerable(schedule: Schedule) -> bool:
    """Tell whether people decide about the times of a schedule; what is not registered here is theirs."""
    registered = task_types().get(schedule.task_type)
    return registered is None or not registered.is_inner or registered.has_free_times


def _check(schedule: Schedule, changes: Mapping[str, Any], now: datetime, *, inner: bool) -> None:
    registered = get_task_type(schedule.task_type)
    if "payload" in changes or "task_type" in changes or schedule.pk is None:
        require_allowed(registered, inner=inner)
        payload = changes.get("payload", schedule.payload)
        stored = registered.schema.store(payload, max_bytes=registered.max_payload_bytes)
        schedule.payload = json.loads(stored)
    wanted: options.TaskOptions = {
        "priority": changes.get("priority", schedule.priority if schedule.pk else None),
        "queue_name": changes.get("queue_name", schedule.queue_name or None),
        "retry": changes.get("retry"),
        "tags": changes.get("tags", schedule.tags),
        "correlation_id": "",
    }
    checked = options.checked_options(registered, wanted, now=now)
    schedule.priority, schedule.queue_name = int(checked.priority), checked.queue_name
    schedule.tags = checked.tags
    if "retry" in changes:
        schedule.retry_policy_id = checked.retry_policy_id
        schedule.retry = json.loads(checked.retry) if checked.retry else None
    try:
        misfire_rule_of(schedule)
        ticks = recurrence_of(schedule).ticks(min(schedule.anchor, now))
    except ValueError as error:
        raise InvalidSchedule(str(error)) from None
    if next(ticks, None) is None:
        raise InvalidSchedule(
            f"{schedule.expression!r} has no tick between start_at and end_at; widen them"
        )


def _text(limit: int, *, empty: bool = False) -> Callable[[Schedule, str, Any], None]:
    def set_text(schedule: Schedule, name: str, value: Any) -> None:
        if not isinstance(value, str) or (not value and not empty) or len(value) > limit:
            raise InvalidOption(
                f"{name} must be a text of at most {limit} characters, not {value!r}"
            )
        setattr(schedule, name, options.short_text(name, value, limit))

    return set_text


def _timezone(schedule: Schedule, name: str, value: Any) -> None:
    schedule.timezone = str(value)


def _cron(schedule: Schedule, name: str, value: Any) -> None:
    if value is None:
        return
    if not isinstance(value, str):
        raise InvalidSchedule(f"cron must be a text such as '0 9 * * mon-fri', not {value!r}")
    schedule.kind, schedule.expression = Schedule.Kind.CRON, value.strip()


def _every(schedule: Schedule, name: str, value: Any) -> None:
    if value is None:
        return
    if isinstance(value, timedelta):
        value = interval_text(value)
    elif isinstance(value, int) and not isinstance(value, bool):
        value = f"every {value} s"
    if not isinstance(value, str):
        raise InvalidSchedule(f"every must be a timedelta or 'every 90 s', not {value!r}")
    schedule.kind, schedule.expression = Schedule.Kind.INTERVAL, value.strip()


def interval_text(period: timedelta) -> str:
    """Return an interval in words, to the microsecond."""
    rest = period.microseconds
    seconds = period // timedelta(seconds=1)
    return f"every {seconds} s {rest} us" if rest else f"every {seconds} s"


def _at(schedule: Schedule, name: str, value: Any) -> None:
    if value is None:
        return
    options.instant(name, value)
    schedule.kind, schedule.expression = Schedule.Kind.ONCE, value.isoformat()


def _solar(schedule: Schedule, name: str, value: Any) -> None:
    if value is not None:
        schedule.kind, schedule.expression = Schedule.Kind.SOLAR, str(value)


def _instant(schedule: Schedule, name: str, value: Any) -> None:
    setattr(schedule, name, None if value is None else options.instant(name, value))


def _duration(column: str, *, optional: bool) -> Callable[[Schedule, str, Any], None]:
    def set_duration(schedule: Schedule, name: str, value: Any) -> None:
        is_left_out = optional and value is None
        setattr(schedule, column, None if is_left_out else options.span(name, value))

    return set_duration


def _jitter(schedule: Schedule, name: str, value: Any) -> None:
    schedule.jitter = options.span(name, value, longest=LONGEST_JITTER)


LARGEST_INTEGER = 2**31 - 1
"""What a column of type integer holds."""


def _count(column: str) -> Callable[[Schedule, str, Any], None]:
    def set_count(schedule: Schedule, name: str, value: Any) -> None:
        if value is not None and (
            isinstance(value, bool)
            or not isinstance(value, int)
            or not 1 <= value <= LARGEST_INTEGER
        ):
            raise InvalidOption(
                f"{name} must be a number from 1 up to {LARGEST_INTEGER:,}, or None, not {value!r}"
            )
        setattr(schedule, column, value)

    return set_count


def _policy(column: str, policy: Any) -> Callable[[Schedule, str, Any], None]:
    def set_policy(schedule: Schedule, name: str, value: Any) -> None:
        try:
            setattr(schedule, column, policy(value).value)
        except ValueError:
            known = ", ".join(policy)
            raise InvalidOption(f"{name} must be one of {known}, not {value!r}") from None

    return set_policy


def _exclusions(schedule: Schedule, name: str, value: Any) -> None:
    try:
        given = {} if value is None else value
        calendar = given if isinstance(given, Exclusions) else Exclusions.from_json(given)
    except engine.InvalidSchedule as error:
        where = "" if error.field == name else f"{name}: "
        raise InvalidSchedule(f"{where}{error}") from None
    schedule.exclusions = calendar.to_json() if calendar else {}


def _flag(schedule: Schedule, name: str, value: Any) -> None:
    if not isinstance(value, bool):
        raise InvalidOption(f"{name} must be True or False, not {value!r}")
    setattr(schedule, name, value)


def _later(schedule: Schedule, name: str, value: Any) -> None:
    """Checked with the whole."""


_SETTERS: dict[str, Callable[[Schedule, str, Any], None]] = {
    "name": _text(MAX_NAME),
    "description": _text(5_000, empty=True),
    "task_type": _text(200),
    "payload": _later,
    "cron": _cron,
    "every": _every,
    "at": _at,
    "solar": _solar,
    "timezone": _timezone,
    "matches_both_days": _flag,
    "anchor": _instant,
    "gap": _policy("gap_policy", engine.GapPolicy),
    "fold": _policy("fold_policy", engine.FoldPolicy),
    "start_at": _instant,
    "end_at": _instant,
    "max_runs": _count("max_runs"),
    "jitter": _jitter,
    "exclusions": _exclusions,
    "misfire": _policy("misfire_policy", engine.MisfirePolicy),
    "misfire_grace": _duration("misfire_grace", optional=False),
    "misfire_max_age": _duration("misfire_max_age", optional=True),
    "misfire_max_count": _count("misfire_max_count"),
    "overlap": _policy("overlap_policy", engine.OverlapPolicy),
    "priority": _later,
    "queue_name": _later,
    "retry": _later,
    "tags": _later,
    "expires_after": _duration("expires_after", optional=True),
    "is_enabled": _flag,
}
