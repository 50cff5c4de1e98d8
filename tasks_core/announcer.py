"""Tell listeners on the broker of new dead letters: ids and facts, never payloads."""

from __future__ import annotations

from tasks_core import clock
from tasks_core.conf import setting
from tasks_core.models import DeadLetter
from tasks_core.publisher import publish_plain, waiting_messages

LIMIT = 200


def announce_dead_letters() -> int:
    """Publish dead letters not announced yet, the oldest first; return how many.

    A dead letter may be announced twice if the process dies in between, never not at all. The queue is
    bounded: while nobody reads it, the rest waits in the table.

    Raises:
        BrokerUnavailable: the rest follows next time.
    """
    queue = setting("DEAD_LETTER_QUEUE")
    if not queue:
        return 0
    letters = list(DeadLetter.objects.unannounced().order_by("id")[:LIMIT])
    if not letters:
        return 0
    room = setting("DEAD_LETTER_QUEUE_LIMIT") - waiting_messages([queue])[queue]
    announced = 0
    for letter in letters[: max(room, 0)]:
        publish_plain(queue, _announcement(letter))
        announced += (
            DeadLetter.objects.unannounced().filter(pk=letter.pk).update(announced_at=clock.now())
        )
    return announced


def _announcement(letter: DeadLetter) -> dict[str, object]:
    return {
        "dead_letter_id": letter.pk,
        "task_id": letter.task_id,
        "task_type": letter.task_type,
        "error": letter.error,
        "reason": letter.reason,
        "fingerprint": letter.fingerprint,
        "attempts": letter.attempts,
        "created_at": letter.created_at.isoformat(),
    }
