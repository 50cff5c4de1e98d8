"""What digests leave behind: items that could not be told, and the windows that have ended."""

from collections.abc import Sequence
from datetime import timedelta

from django.db.models import QuerySet

from notifications.models import Digest, DigestItem
from notifications.privacy.retention.holding import categories_of_ended_digests
from notifications.privacy.retention.rules import load_rules
from notifications.removal import delete_some, failing
from notifications.states import DigestState
from tasks_core import clock
from tasks_core.database.bounded_locks import BRIEF_LOCK_SECONDS, bounded_locks

LIMIT = 500
REASON = "its items were removed by age"


def clean_up_digests(*, limit: int = LIMIT) -> int:
    """Remove one batch of each kind; return how many rows. Call it again while it is not 0.

    Items of a digest that could not be closed go with the bodies of its category: it cannot be replayed
    then. Digests that have ended go with the rows.
    """
    now, rules = clock.now(), load_rules()
    removed = 0
    failed = Digest.objects.filter(state=DigestState.FAILED).order_by()
    for category in failed.values_list("category", flat=True).distinct():
        if days := rules.of(category).body:
            before = now - timedelta(days=days)
            removed += _give_up(failed.filter(category=category, closes_at__lt=before), limit)
    for category in categories_of_ended_digests():
        if days := rules.of(category).row:
            before = now - timedelta(days=days)
            ended = Digest.objects.filter(category=category, closed_at__lt=before)
            removed += delete_some(ended, limit)
    return removed


def _give_up(old: QuerySet[Digest], limit: int) -> int:
    aside = failing(f"{Digest._meta.label} (items)")
    held = old.exclude(pk__in=aside.ids()).select_for_update(skip_locked=True)
    with bounded_locks(seconds=BRIEF_LOCK_SECONDS):
        ids = list(held.values_list("pk", flat=True)[:limit])
        return aside.serve(ids, _drop_items, key=lambda pk: pk)


def _drop_items(ids: Sequence[int]) -> int:
    DigestItem.objects.filter(digest__in=ids).delete()
    return Digest.objects.filter(pk__in=ids, state=DigestState.FAILED).update(
        state=DigestState.CANCELLED, reason=REASON, closed_at=clock.now()
    )
