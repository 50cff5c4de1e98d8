"""Store validated notifications once per idempotency key, and enqueue their next step."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime

from django.db import IntegrityError, transaction

import tasks_core
from notifications.exceptions import IdempotencyConflict, InvalidNotification
from notifications.intake.repeats import asks_for_the_same
from notifications.limits.charge import Charge
from notifications.limits.charges import charges_of
from notifications.limits.counters import take
from notifications.message import Validated
from notifications.models import Notification
from notifications.sending.pipeline.at_once import leaving_at_once, make_deliveries
from notifications.sending.pipeline.cancel import supersede
from notifications.sending.pipeline.fallback.keeping import keep_steps
from notifications.sending.pipeline.kept_codes import keep
from notifications.sending.pipeline.next_step import queue, urgency
from notifications.states import NotificationState
from notifications.task_payloads import SCHEDULE
from tasks_core import database
from tasks_core.exceptions import InvalidSchedule

TRIES = 5


def accept(validated: Sequence[Validated]) -> list[Notification]:
    """Store notifications in the caller's transaction; return one for each, stored now or before.

    Raises:
        IdempotencyConflict: a key was used for other content; nothing is stored.
        LimitExceeded: a limit does not allow all of them; nothing is stored.
    """
    for _ in range(TRIES):
        try:
            with transaction.atomic(using=database.alias()):
                return _accept(validated)
        except IntegrityError:
            # Another transaction has just committed one of the keys: now it can be read.
            continue
    raise IdempotencyConflict("the idempotency keys are in use by too many callers; try again")


def _accept(validated: Sequence[Validated]) -> list[Notification]:
    known = _known([one.row.idempotency_key for one in validated if one.row.idempotency_key])
    new: list[Validated] = []
    answers: list[Notification] = []
    for position, one in enumerate(validated):
        key = one.row.idempotency_key
        earlier = known.get(key) if key else None
        if earlier is not None:
            _check_same(earlier, one.row, position, len(validated))
            answers.append(earlier)
            continue
        if key:
            known[key] = one.row
        new.append(one)
        answers.append(one.row)
    rows = [one.row for one in new]
    _supersede(rows)
    at_once = leaving_at_once(new)
    for one in at_once:
        one.row.state = NotificationState.IN_PROGRESS
    Notification.objects.bulk_create(rows, batch_size=1000)
    keep(new)
    keep_steps(new)
    with _deadlines_kept():
        make_deliveries(at_once)
        _enqueue([row for row in rows if row.state == NotificationState.ACCEPTED])
    # Last: the rows of the counters stay locked until the caller's transaction ends.
    take(charge for one in new for charge in _charges(one))
    return answers


def _charges(one: Validated) -> Iterator[Charge]:
    row = one.row
    return charges_of(row, row.created_at, requester=one.requester, parts=one.parts)


def _supersede(new: Sequence[Notification]) -> None:
    """A newer code replaces older ones; the same code once more does not."""
    supersede(one.supersede_key for one in new if one.supersede_key and not one.resend_of_id)


def _known(keys: list[str]) -> dict[str, Notification]:
    if not keys:
        return {}
    found = Notification.objects.filter(idempotency_key__in=keys)
    found = found.select_related("template_version__template")
    return {str(one.idempotency_key): one for one in found}


def _check_same(earlier: Notification, asked: Notification, position: int, asked_for: int) -> None:
    if not asks_for_the_same(earlier, asked):
        which = "" if asked_for == 1 else f"messages[{position}]."
        raise IdempotencyConflict(
            f"{which}idempotency_key: was used before for a notification with another template, "
            "receiver or variables; use a new key for a new message"
        )


def _enqueue(notifications: Sequence[Notification]) -> None:
    groups: dict[tuple[datetime, datetime | None, bool, str], list[int]] = defaultdict(list)
    for one in notifications:
        terms = (one.run_after, one.expires_at, one.critical, one.correlation_id)
        groups[terms].append(one.pk)
    for (run_after, expires_at, critical, correlation_id), ids in groups.items():
        tasks_core.enqueue_many(
            SCHEDULE,
            [{"notification": pk} for pk in ids],
            run_after=run_after,
            expires_at=expires_at,
            priority=urgency(critical),
            queue_name=queue(critical),
            correlation_id=correlation_id or None,
            inner=True,
        )


@contextmanager
def _deadlines_kept() -> Iterator[None]:
    """Everything was checked at the door, but time goes on."""
    try:
        yield
    except InvalidSchedule:
        raise InvalidNotification(
            "expires_at", "passed while the notification was being stored; give a later instant"
        ) from None
