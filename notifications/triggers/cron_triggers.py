"""Cron triggers: made, replaced, deleted, listed. Their ticks are those of a schedule of the platform."""

from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import QuerySet

import tasks_core
from notifications.exceptions import InvalidTrigger, TriggerExists, TriggerNotFound
from notifications.models import CronTrigger, TriggerEvent
from notifications.triggers.definition import define
from notifications.triggers.schedules import drop_schedule, keep_schedule
from tasks_core import clock, database
from tasks_core.arguments import storable_arguments
from tasks_core.engine.schedule import CronExpression, zone_named
from tasks_core.engine.schedule.errors import InvalidSchedule
from tasks_core.engine.single_line import is_single_line

MAX_NAME = 150


@storable_arguments(InvalidTrigger)
def create_cron_trigger(  # noqa: PLR0913  (each is one thing a caller may say)
    name: str,
    *,
    webhook: str,
    schedule: str,
    payload: Any = None,
    headers: Any = (),
    retry_conf: Any = None,
    timezone: str = "UTC",
    misfire_policy: str = "fire_all",
    enabled: bool = True,
    when_disabled: str = "cancelled",
    include_in_metadata: bool = False,
    comment: str = "",
    request_transform: Any = None,
    response_transform: Any = None,
    replace: bool = False,
) -> CronTrigger:
    """Call a webhook again and again; the trigger is stored in the caller's transaction.

    Args:
        name: unique; the webhook gets it as ``name``.
        webhook: URL; ``{{NAME}}`` in it is replaced from the environment of the worker.
        schedule: cron of 5 fields, or of 6 with the seconds first.
        payload: any JSON; missing is sent as ``null``. Operators can see it.
        headers: list of ``{"name", "value"}`` or ``{"name", "value_from_env"}``.
        retry_conf: see ``RetryConf``.
        timezone: IANA name; the clock that ``schedule`` goes by.
        misfire_policy: ``fire_all``, ``coalesce`` or ``skip`` the ticks, no older than the tolerance, that
            nobody fired in time.
        enabled: whether it ticks and delivers.
        when_disabled: ``cancelled`` or ``dead``: how its events end that are due while it is disabled.
        include_in_metadata: whether ``export_cron_triggers`` gives it.
        comment: sent along, if not empty.
        request_transform: changes method, URL, query, headers and body.
        response_transform: changes what is logged of the response.
        replace: update the trigger of this name if there is one. What is left out has its default again;
            everything that has not been delivered goes by the new definition.

    Raises:
        InvalidTrigger: names the argument that is wrong; nothing was written.
        TriggerExists: there is one of this name, and ``replace`` is not set.
    """
    columns = check_cron_trigger(
        name,
        webhook=webhook,
        schedule=schedule,
        payload=payload,
        headers=headers,
        retry_conf=retry_conf,
        timezone=timezone,
        misfire_policy=misfire_policy,
        when_disabled=when_disabled,
        include_in_metadata=include_in_metadata,
        comment=comment,
        request_transform=request_transform,
        response_transform=response_transform,
        may_replace=replace,
    )
    switched = {
        "enabled": enabled,
        "disabled_reason": "",
        "disabled_at": None if enabled else clock.now(),
    }
    return _stored(name, {**columns, **switched}, may_replace=replace)


def check_cron_trigger(
    name: str,
    *,
    schedule: str,
    timezone: str,
    misfire_policy: str,
    when_disabled: str,
    include_in_metadata: bool,
    may_replace: bool,
    **call: Any,
) -> dict[str, Any]:
    """Check the arguments of ``create_cron_trigger`` and give the columns; nothing is written.

    Raises:
        InvalidTrigger: names the argument that is wrong.
    """
    _check_name(name)
    _check_times(schedule, timezone)
    before = CronTrigger.objects.filter(name=name).first()
    if before is not None and not may_replace:
        raise _exists()
    definition = define(**call, before=before)
    return {
        **definition.columns(),
        "schedule": schedule,
        "timezone": timezone,
        "misfire_policy": _one_of("misfire_policy", misfire_policy, CronTrigger.MisfirePolicy),
        "when_disabled": _one_of("when_disabled", when_disabled, CronTrigger.WhenDisabled),
        "include_in_metadata": include_in_metadata,
    }


@storable_arguments(InvalidTrigger)
def get_cron_trigger(name: str) -> CronTrigger:
    """Return a trigger by name.

    Raises:
        TriggerNotFound: there is none.
    """
    trigger = CronTrigger.objects.filter(name=name).first()
    if trigger is None:
        raise TriggerNotFound(f"there is no cron trigger {name!r}")
    return trigger


def get_cron_triggers() -> "QuerySet[CronTrigger]":
    """Return all triggers by name, whether they are in the exported metadata or not."""
    return CronTrigger.objects.order_by("name")


@storable_arguments(InvalidTrigger)
def delete_cron_trigger(name: str) -> None:
    """Delete a trigger with its events and their logs; what has not been delivered is not sent.

    Raises:
        TriggerNotFound: there is none of that name.
    """
    with transaction.atomic(using=database.alias()):
        trigger = get_cron_trigger(name)
        events = TriggerEvent.objects.filter(trigger=trigger)
        found = events.unfinished().values_list("task_id", flat=True)
        open_tasks = [task_id for task_id in found if task_id is not None]
        tasks_core.cancel_many(open_tasks, reason="its trigger was deleted")
        # Events, trigger, schedule: the order in which the record of an attempt locks them too. The
        # database's own cascade takes the log rows along.
        events._raw_delete(events.db)
        triggers = CronTrigger.objects.filter(pk=trigger.pk)
        triggers._raw_delete(triggers.db)
        drop_schedule(trigger)


def _stored(name: str, columns: dict[str, Any], *, may_replace: bool) -> CronTrigger:
    now = clock.now()
    try:
        with transaction.atomic(using=database.alias()):
            changed = may_replace and CronTrigger.objects.filter(name=name).update(
                **columns, updated_at=now
            )
            if not changed:
                CronTrigger.objects.create(name=name, created_at=now, updated_at=now, **columns)
            trigger = CronTrigger.objects.get(name=name)
            keep_schedule(trigger)
    except IntegrityError:
        raise _exists() from None
    return trigger


def _check_name(name: object) -> None:
    if not isinstance(name, str) or not name.strip() or len(name) > MAX_NAME:
        raise InvalidTrigger("name", f"must have 1 to {MAX_NAME} characters")
    if not is_single_line(name):
        raise InvalidTrigger("name", "has a line break or another control character")


def _check_times(schedule: object, timezone: object) -> None:
    if not isinstance(schedule, str):
        raise InvalidTrigger("schedule", "must be a text such as 0 9 * * mon-fri")
    if not isinstance(timezone, str):
        raise InvalidTrigger("timezone", "must be a name such as Europe/Berlin")
    for field, check, text in (
        ("schedule", CronExpression.parse, schedule),
        ("timezone", zone_named, timezone),
    ):
        try:
            check(text)
        except InvalidSchedule as error:
            raise InvalidTrigger(field, str(error)) from None


def _one_of(field: str, value: str, choices: Any) -> str:
    if value not in choices.values:
        raise InvalidTrigger(field, f"must be one of {', '.join(choices.values)}")
    return value


def _exists() -> TriggerExists:
    return TriggerExists(
        "name", "a trigger of this name already exists; choose another or replace it"
    )
