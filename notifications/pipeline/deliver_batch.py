"""Make attempts with a synchronous channel, many with the same statements and the same connection."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from notifications.channels.outcome import SendResult
from notifications.pipeline.begin import begin_each, give_back
from notifications.pipeline.deliver import ended
from notifications.pipeline.payloads import DeliveryStep
from notifications.pipeline.record import Ended, record
from notifications.pipeline.sendable import NotSendable, Sendable
from notifications.pipeline.sending import send_now
from notifications.pipeline.verdict import conclude, nothing_to_send
from tasks_core import BatchItem, Snooze, clock

BEGUN_TOGETHER = 50
"""Attempts that are begun at once: if the process dies, those that were not made look as if they were."""

RECORD_SECONDS = 0.2
"""Longest time that a sent message is not on record: what a crash can repeat."""

Send = Callable[[Sendable], SendResult]
Item = BatchItem[DeliveryStep]


def deliver_batch(items: Sequence[Item], send: Send) -> Iterator[object]:
    """Make one attempt at each delivery; give the tasks' results or what is wrong, in order."""
    rest = iter(items)
    while chunk := list(islice(rest, BEGUN_TOGETHER)):
        found = begin_each([(item.payload.delivery, item.context.task_id) for item in chunk])
        attempts = _Attempts(send)
        unsent = list(found)
        try:
            for item, one in zip(chunk, found, strict=True):
                attempts.make(item, one)
                del unsent[0]
                if attempts.is_time_to_record:
                    yield from attempts.recorded()
            yield from attempts.recorded()
        finally:
            give_back(one for one in unsent if isinstance(one, Sendable))


class _Attempts:
    """Attempts that were made and are not on record yet."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._ended: list[Ended] = []
        self._answers: list[object] = []
        self._recorded_at = time.monotonic()

    @property
    def is_time_to_record(self) -> bool:
        return time.monotonic() - self._recorded_at >= RECORD_SECONDS

    def make(self, item: Item, found: Sendable | NotSendable) -> None:
        """Make one attempt, in the name of its task."""
        if isinstance(found, NotSendable):
            self._answers.append(_value(lambda: nothing_to_send(found)))
            return
        if item.context.cancelled:
            give_back([found])
            # Of a task that was cancelled nothing is heard any more; one that was not is tried again.
            self._answers.append(Snooze(0.0, "the attempt was taken away before anything was sent"))
            return
        with item.active():
            found.redactor.hide_in_logs()
            started_at = clock.now()
            result = send_now(found, self._send)
        self._ended.append(ended(found, started_at, result))
        self._answers.append(_value(lambda: conclude(found, result)))

    def recorded(self) -> list[object]:
        """Write the attempts, and give what is to be said of their tasks."""
        if self._ended:
            record(self._ended)
        answers, self._answers, self._ended = self._answers, [], []
        self._recorded_at = time.monotonic()
        return answers


def _value(decide: Callable[[], object]) -> object:
    """Give what ``decide`` returns or raises: in a batch both are values."""
    try:
        return decide()
    except Exception as error:  # noqa: BLE001 raised for one task; see conclude
        return error
