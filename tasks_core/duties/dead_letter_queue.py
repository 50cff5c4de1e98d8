"""Tell listeners on the broker of new dead letters: ids and facts, never payloads."""

from collections.abc import Iterable

from tasks_core import clock, conf
from tasks_core.broker.publish import BrokerUnavailable, publish_plain, waiting_messages
from tasks_core.database import fetch
from tasks_core.database.brief_transaction import RECEIVERS_SECONDS, brief_transaction
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.models import DeadLetter

LIMIT = 200

# One at a time, and no lock on the letters: whoever resolves one does not wait for the broker.
_LOCK = "SELECT pg_try_advisory_xact_lock(hashtext('tasks_core_announcement'))"

_failing = RowBackoff("dead letter {} cannot be announced", "Resolve it in the admin.")


def announce_dead_letters() -> int:
    """Publish dead letters not announced yet, the oldest first; return how many.

    While another beat is at it, this one leaves it to that. A dead letter may be announced twice if the
    process dies in between, never not at all. The queue is bounded: while nobody reads it, the rest waits in
    the table.

    Raises:
        BrokerUnavailable: the rest follows next time.
    """
    queue = conf.current().dead_letter_queue
    if not queue:
        return 0
    announced: list[int] = []
    with brief_transaction(seconds=RECEIVERS_SECONDS):
        if not fetch(_LOCK, {})[0][0]:
            return 0
        wanted = DeadLetter.objects.unannounced().exclude(pk__in=_failing.ids())
        letters = _failing.read(wanted.order_by("id"), limit=LIMIT)
        if not letters:
            return 0
        room = conf.current().dead_letter_queue_limit - waiting_messages([queue])[queue]
        problem = _publish(queue, letters[: max(room, 0)], announced)
        DeadLetter.objects.unannounced().filter(pk__in=announced).update(announced_at=clock.now())
    if problem is not None:
        raise problem
    return len(announced)


def _publish(
    queue: str, letters: Iterable[DeadLetter], announced: list[int]
) -> BrokerUnavailable | None:
    """Add to ``announced`` which of these the broker has taken; return what kept it from taking the rest."""
    for letter in letters:
        try:
            publish_plain(queue, _announcement(letter))
        except BrokerUnavailable as error:
            return error
        except Exception as error:  # noqa: BLE001 what is wrong with one is not wrong with the next
            _failing.failed(letter.pk, error)
        else:
            announced.append(letter.pk)
    return None


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
