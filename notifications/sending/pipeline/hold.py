"""Hold back what may not be sent now: end it, or say when to ask again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from notifications.channel_api.sendable import NotSendable
from notifications.models import Notification
from notifications.people.screening.screen import Screened, screen_deliveries, screen_notifications
from notifications.people.screening.verdict import Stop, Undecided, Verdict, Wait
from notifications.sending.pipeline.settle import end_deliveries, settle
from notifications.states import DeliveryState, NotificationState
from tasks_core import Snooze, clock, database
from tasks_core.database.bounded_locks import bounded_locks

# The delivery that there would have been says on which channel it ended, and why. Where only that channel
# is closed and there is a fallback, the notification goes on.
_END = """
WITH ended AS (
    UPDATE notifications_notification
    SET state = CASE WHEN has_fallback AND %(by_channel)s THEN 'in_progress' ELSE %(state)s END,
        reason = CASE WHEN has_fallback AND %(by_channel)s THEN '' ELSE left(%(reason)s, 200) END,
        finished_at = CASE WHEN NOT (has_fallback AND %(by_channel)s) THEN %(now)s::timestamptz END,
        secret_context = CASE WHEN has_fallback AND %(by_channel)s THEN secret_context ELSE '' END,
        content_digest = CASE WHEN is_secret AND NOT (has_fallback AND %(by_channel)s) THEN ''
                              ELSE content_digest END
    WHERE id = %(id)s AND state = 'accepted'
    RETURNING id, channel, address, endpoint_id, has_fallback
), made AS (
    INSERT INTO notifications_delivery
        (notification_id, channel, address, endpoint_id, state, message_id, created_at, finished_at,
         subject, text, html, attempts, throttled, provider_message_id, error, parked_for)
    SELECT id, channel, address, endpoint_id, %(state)s, replace(gen_random_uuid()::text, '-', ''),
           %(now)s, %(now)s, '', '', '', 0, 0, '', %(reason)s, ''
    FROM ended
)
SELECT id FROM ended WHERE has_fallback
"""


class ScreeningUndecided(Exception):
    """Nobody can say whether it may be sent: it is asked again by the task's policy."""


@dataclass(frozen=True)
class Held:
    """A notification that is not begun."""

    verdict: Verdict
    goes_on: bool = False
    """Whether its fallback takes over."""

    def answer(self) -> str | Snooze | ScreeningUndecided:
        """Return the state it is in, or what makes its task ask again."""
        if isinstance(self.verdict, Wait):
            return Snooze(_seconds(self.verdict), self.verdict.reason)
        if isinstance(self.verdict, Undecided):
            return ScreeningUndecided(self.verdict.problem)
        return NotificationState.IN_PROGRESS.value if self.goes_on else self.verdict.state


Collect = Callable[[Mapping[int, str]], None]
"""Tells of what quiet hours have held in one message; takes what is released, with the template for it."""


def hold_notifications(ids: Sequence[int], collect: Collect) -> dict[int, Held]:
    """Screen accepted notifications; return those that are not to be begun, and end or mark them.

    Those that a digest tells of end as well. They are not among the answers, as nothing accepted is left
    of them.
    """
    screened = screen_notifications(ids)
    verdicts = screened.verdicts
    going_on = {
        notification_id
        for notification_id, verdict in verdicts.items()
        if isinstance(verdict, Stop) and _end(notification_id, verdict)
    }
    _mark(verdicts)
    collect(screened.collected)
    return {pk: Held(verdict, goes_on=pk in going_on) for pk, verdict in verdicts.items()}


def hold_deliveries(ids: Sequence[int]) -> tuple[dict[int, NotSendable], dict[int, str]]:
    """Screen deliveries that are about to be sent.

    Returns:
        those that are not to be sent, and the unsubscribe links of the others, by id.
    """
    screened: Screened = screen_deliveries(ids)
    return {key: _not_sendable(key, one) for key, one in screened.verdicts.items()}, screened.links


def _end(notification_id: int, verdict: Stop) -> bool:
    """End a notification, or only its own channel; True if its fallback takes over."""
    with bounded_locks():
        with database.connection().cursor() as cursor:
            cursor.execute(
                _END,
                {
                    "id": notification_id,
                    "state": NotificationState(verdict.state).value,
                    "reason": verdict.reason,
                    "by_channel": verdict.by_channel,
                    "now": clock.now(),
                },
            )
            has_fallback = cursor.fetchone() is not None
        if has_fallback:
            settle([notification_id], no_fallback=_no_fallback(verdict))
    return has_fallback and verdict.by_channel


def _no_fallback(verdict: Stop) -> str:
    """Return why no other channel is tried; empty if one is."""
    return "" if verdict.by_channel else verdict.reason


def _mark(verdicts: dict[int, Verdict]) -> None:
    """Show operators that it is held and not lost."""
    for notification_id, verdict in verdicts.items():
        if isinstance(verdict, Wait):
            accepted = Notification.objects.filter(
                pk=notification_id, state=NotificationState.ACCEPTED
            )
            with bounded_locks():
                accepted.update(held_until=verdict.until)


def _not_sendable(delivery_id: int, verdict: Verdict) -> NotSendable:
    if isinstance(verdict, Wait):
        return NotSendable(DeliveryState.SENDING, verdict.reason, wait=_seconds(verdict))
    if isinstance(verdict, Undecided):
        return NotSendable(DeliveryState.SENDING, verdict.problem, may_recover=True)
    state = DeliveryState(verdict.state)
    if end_deliveries([delivery_id], state, verdict.reason, no_fallback=_no_fallback(verdict)):
        return NotSendable(state)
    # It had failed before, and somebody replays it: it stays failed, and the replay says why.
    return NotSendable(DeliveryState.FAILED, verdict.reason)


def _seconds(verdict: Wait) -> float:
    return max(0.0, (verdict.until - clock.now()).total_seconds())
