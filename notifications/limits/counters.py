"""Take from limits: all of what is asked for, or nothing."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.db import transaction

from notifications.exceptions import LimitExceeded
from notifications.limits.charge import Charge
from tasks_core import database

# The row of a window is locked by whoever takes from it until that transaction ends, so two callers
# never both see the last one free. All lock in one order.
_TAKE = """
INSERT INTO notifications_limitcounter AS c
    (name, subject, seconds, window_start, ends_at, used, most)
SELECT name, subject, seconds, window_start, ends_at, amount, most
FROM unnest(%(names)s::text[], %(subjects)s::text[], %(seconds)s::int[], %(starts)s::timestamptz[],
            %(ends)s::timestamptz[], %(amounts)s::bigint[], %(most)s::bigint[])
     AS asked(name, subject, seconds, window_start, ends_at, amount, most)
WHERE amount <= most
ORDER BY name, subject, seconds, window_start
ON CONFLICT (name, subject, seconds, window_start) DO UPDATE
SET used = c.used + EXCLUDED.used, most = EXCLUDED.most
WHERE c.used + EXCLUDED.used <= EXCLUDED.most
RETURNING name, subject, seconds, window_start
"""


def take(charges: Iterable[Charge]) -> None:
    """Count all charges, in the caller's transaction.

    Raises:
        LimitExceeded: one of the limits does not allow it; nothing was counted.
    """
    asked = _summed(charges)
    if not asked:
        return
    with transaction.atomic(using=database.alias()):
        with database.connection().cursor() as cursor:
            cursor.execute(_TAKE, _columns(asked))
            taken = {tuple(row) for row in cursor.fetchall()}
        refused = [one for one in asked if one.key not in taken]
        if refused:
            # The one that lasts longest: before that there is no use in trying.
            worst = max(refused, key=lambda one: one.window[1])
            raise LimitExceeded(worst.limit, worst.window[1], worst.seconds)


def _summed(charges: Iterable[Charge]) -> list[Charge]:
    """Add up what falls on the same counter."""
    found: dict[Any, Charge] = {}
    for one in charges:
        earlier = found.get(one.key)
        found[one.key] = replace(one, amount=one.amount + earlier.amount) if earlier else one
    return [found[key] for key in sorted(found)]


def _columns(charges: list[Charge]) -> dict[str, list[Any]]:
    return {
        "names": [one.limit for one in charges],
        "subjects": [one.subject for one in charges],
        "seconds": [one.seconds for one in charges],
        "starts": [one.window[0] for one in charges],
        "ends": [one.window[1] for one in charges],
        "amounts": [one.amount for one in charges],
        "most": [one.most for one in charges],
    }
