"""Remove what is old, in small batches that never stand in the way."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from django.db.models import F

from notifications.models import Delivery, DeliveryAttempt, Notification
from notifications.privacy.retention.holding import categories, hold
from notifications.privacy.retention.rules import Rule, load_rules
from notifications.removal import ROUNDS, failing
from notifications.states import BODY_WIPED, EXCHANGE_WIPED
from tasks_core import clock
from tasks_core.database.bounded_locks import BRIEF_LOCK_SECONDS, bounded_locks

LIMIT = 500

_ALL = (0, BODY_WIPED, EXCHANGE_WIPED, BODY_WIPED | EXCHANGE_WIPED)
Removal = Callable[[list[int]], object]


def clean_up(*, limit: int = LIMIT) -> int:
    """Remove one batch of each kind from each category; return how many notifications were touched.

    Call it again while it is not 0.
    """
    now, rules = clock.now(), load_rules()
    return sum(_clean_up(category, rules.of(category), now, limit) for category in categories())


def _clean_up(category: str, rule: Rule, now: datetime, limit: int) -> int:
    steps: tuple[tuple[float, tuple[int, ...], Removal], ...] = (
        (rule.row, _ALL, delete_rows),
        (rule.body, (0, EXCHANGE_WIPED), wipe_bodies),
        (rule.exchange, (0, BODY_WIPED), wipe_exchanges),
    )
    return sum(
        _remove(category, wiped, now - timedelta(days=days), limit, removal)
        for days, wiped, removal in steps
        if days
    )


def _remove(
    category: str, wiped: tuple[int, ...], before: datetime, limit: int, removal: Removal
) -> int:
    old = Notification.objects.filter(category=category, wiped__in=wiped, finished_at__lt=before)
    aside = failing(f"{Notification._meta.label} ({removal.__name__})")

    def remove(ids: Sequence[int]) -> int:
        removal(list(ids))
        return len(ids)

    removed = 0
    for _ in range(ROUNDS):
        with bounded_locks(seconds=BRIEF_LOCK_SECONDS):
            wanted = old.exclude(pk__in=aside.ids()).order_by()
            found = list(wanted.values_list("pk", flat=True)[:limit])
            ids = hold(found)
            removed = aside.serve(ids, remove, key=lambda pk: pk)
        if removed or len(ids) < limit:
            break
    return removed


def wipe_bodies(ids: list[int]) -> None:
    """Remove the variables and the rendered texts of notifications that are held."""
    Delivery.objects.filter(notification__in=ids).update(subject="", text="", html="")
    Notification.objects.filter(pk__in=ids).update(
        context={},
        condition_args={},
        secret_context="",
        content_digest="",
        wiped=F("wiped").bitor(BODY_WIPED),
    )


def wipe_exchanges(ids: list[int]) -> None:
    """Remove what is on record of requests, responses and errors of notifications that are held."""
    attempts = DeliveryAttempt.objects.filter(delivery__notification__in=ids)
    attempts.update(request={}, response={}, error="")
    Delivery.objects.filter(notification__in=ids).update(error="")
    Notification.objects.filter(pk__in=ids).update(wiped=F("wiped").bitor(EXCHANGE_WIPED))


def delete_rows(ids: list[int]) -> None:
    """Delete notifications that are held, with all that belongs to them."""
    Notification.objects.filter(pk__in=ids).delete()
