"""Ladders as they are now."""

from collections import defaultdict
from collections.abc import Sequence

from notifications.models import Delivery, LadderStep, Notification
from notifications.rules.fallback import Ladder, Step, StepState, Until
from notifications.states import BODY_WIPED


def load(notification_ids: Sequence[int]) -> list[Ladder]:
    """Load ladders. The caller holds the locks of their notifications, if it acts upon them."""
    steps = _steps(notification_ids)
    deliveries = _deliveries(notification_ids)
    rows = Notification.objects.filter(pk__in=notification_ids, has_fallback=True).order_by("pk")
    columns = ("pk", "state", "expires_at", "is_secret", "secret_context", "wiped")
    return [
        Ladder(
            notification_id=pk,
            state=state,
            expires_at=expires_at,
            is_wiped=bool(wiped & BODY_WIPED) or (is_secret and not sealed),
            steps=tuple(steps[pk]),
            deliveries=deliveries[pk],
        )
        for pk, state, expires_at, is_secret, sealed, wiped in rows.values_list(*columns)
    ]


def _steps(notification_ids: Sequence[int]) -> dict[int, list[Step]]:
    found: dict[int, list[Step]] = defaultdict(list)
    rows = LadderStep.objects.filter(notification__in=notification_ids)
    for row in rows.order_by("notification", "position"):
        found[row.notification_id].append(
            Step(
                position=row.position,
                channel=row.channel,
                until=Until(row.until),
                state=StepState(row.state),
                due_at=row.due_at,
            )
        )
    return found


def _deliveries(notification_ids: Sequence[int]) -> dict[int, dict[int, str]]:
    found: dict[int, dict[int, str]] = defaultdict(dict)
    rows = Delivery.objects.filter(notification__in=notification_ids).order_by("pk")
    for notification, position, state in rows.values_list(
        "notification", "ladder_step__position", "state"
    ):
        found[notification][position or 0] = state
    return found
