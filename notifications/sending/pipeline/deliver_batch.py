"""Make attempts with a synchronous channel, many with the same statements and the same connection."""

import math
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice

from notifications.channel_api.sendable import NotSendable, Sendable
from notifications.channel_api.stream import Stream
from notifications.rules.outcome import SendResult, fitting, storable_result
from notifications.sending.pipeline.begin import begin_each, give_back
from notifications.sending.pipeline.deliver import ended
from notifications.sending.pipeline.record import Ended, record_patiently
from notifications.sending.pipeline.sending import send_in_stream
from notifications.sending.pipeline.verdict import conclude, nothing_to_send
from notifications.sending.unexpected import failed
from notifications.task_payloads import DeliveryStep
from tasks_core import BatchItem, Snooze, clock

BEGUN_TOGETHER = 100
"""Attempts that are begun at once: if the process dies, those that were not made look as if they were."""

RECORD_SECONDS = 0.2
"""Longest time that a sent message is not on record: what a crash can repeat."""

Item = BatchItem[DeliveryStep]


def deliver_batch(items: Sequence[Item], stream: Stream) -> Iterator[object]:
    """Make one attempt at each delivery; return the tasks' results or what is wrong, in order."""
    rest = iter(items)
    while chunk := list(islice(rest, BEGUN_TOGETHER)):
        found = begin_each([(item.payload.delivery, item.context.task_id) for item in chunk])
        attempts = _Attempts(stream)
        unsent = list(found)
        try:
            for item, one in zip(chunk, found, strict=True):
                attempts.make(item, one)
                del unsent[0]
                if attempts.is_time_to_record:
                    yield from attempts.recorded()
            yield from attempts.recorded()
        finally:
            stream.abandon()
            give_back(one for one in unsent if isinstance(one, Sendable))


class _Attempt:
    """One attempt that has begun to be made."""

    def __init__(self, found: Sendable) -> None:
        self._found = found
        self._started_at = clock.now()
        self._ended: Ended | None = None

    def end(self, result: SendResult) -> None:
        """Note what came of it, and when."""
        self._ended = ended(self._found, self._started_at, result)

    def fail(self, error: Exception) -> None:
        """End it, unless it has, because its stream raised an error that should have been a result."""
        if self._ended is None:
            self.end(fitting(storable_result(failed(self._found, error))))

    @property
    def ended(self) -> Ended:
        """How it ended."""
        assert self._ended is not None, "a stream tells all results when it is flushed"
        return self._ended

    def answer(self) -> object:
        """Return how the task goes on."""
        return conclude(self._found, self.ended.result)


class _Attempts:
    """Attempts that were made and are not on record yet."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream
        self._made: list[_Attempt] = []
        self._answers: list[Callable[[], object]] = []
        self._recorded_at = time.monotonic()

    @property
    def is_time_to_record(self) -> bool:
        return time.monotonic() - self._recorded_at >= RECORD_SECONDS

    def make(self, item: Item, found: Sendable | NotSendable) -> None:
        """Make one attempt, in the name of its task."""
        if isinstance(found, NotSendable):
            self._answers.append(partial(nothing_to_send, found))
            return
        if item.context.cancelled:
            self._flush()  # nobody waits for the database with half a message in hand
            give_back([found])
            # Of a task that was cancelled nothing is heard any more; one that was not is tried again.
            self._answers.append(lambda: _TAKEN_AWAY)
            return
        with item.active():
            found.redactor.hide_in_logs()
            attempt = _Attempt(found)
            self._made.append(attempt)
            self._answers.append(attempt.answer)
            try:
                send_in_stream(found, self._stream, attempt.end)
            except Exception as error:  # noqa: BLE001 see failed; also that it runs too long
                self._give_up(error)

    def _flush(self) -> None:
        try:
            self._stream.flush()
        except Exception as error:  # noqa: BLE001 see failed; also that it runs too long
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        """Begin anew with the stream: what it had not told of may have gone out, the rest is recorded now."""
        self._stream.abandon()
        for attempt in self._made:
            attempt.fail(error)
        self._recorded_at = -math.inf

    def recorded(self) -> list[object]:
        """Write the attempts, and give what is to be said of their tasks."""
        self._flush()
        if self._made:
            record_patiently(one.ended for one in self._made)
        answers = [_value(answer) for answer in self._answers]
        self._made, self._answers = [], []
        self._recorded_at = time.monotonic()
        return answers


_TAKEN_AWAY = Snooze(0.0, "the attempt was taken away before anything was sent")


def _value(decide: Callable[[], object]) -> object:
    """Return what ``decide`` returns or raises: in a batch both are values."""
    try:
        return decide()
    except Exception as error:  # noqa: BLE001 raised for one task; see conclude
        return error
