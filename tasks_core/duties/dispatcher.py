"""Move due tasks into the broker: in batches, by priority, and never more than a few seconds of work."""

import logging
import time
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from tasks_core import clock, conf
from tasks_core.broker.message import Message
from tasks_core.broker.publish import BrokerUnavailable, publish
from tasks_core.broker.unread_messages import UnreadMessages
from tasks_core.due_lanes.lane_watch import LaneWatch
from tasks_core.due_lanes.unknown_types import set_aside_unknown
from tasks_core.duties.take_due import take
from tasks_core.engine.batching import batch_size, chunks
from tasks_core.engine.window import Window
from tasks_core.lanes import lane_name
from tasks_core.models import TaskTypeStatistics
from tasks_core.registry import task_types
from tasks_core.sql.dispatch import QueuedTask, WaitingLane, hold
from tasks_core.tracing import switch

logger = logging.getLogger(__name__)

ROUND_LIMIT = 5_000
"""Most tasks that one round moves, so that its transaction stays short."""

ENOUGH_MESSAGES = 2
"""While so many messages of a lane are unread, another one would only wait with them."""

FILL_SECONDS, LONGEST_FILL_SECONDS = 0.005, 0.05
"""So long for each unread message the tasks of such a lane are gathered: batches fill by themselves under
load, and a backlog of small messages, each as costly as a full one, dissolves."""

MEASUREMENT_SECONDS, FIRST_MEASUREMENT_SECONDS = 1.0, 0.1
"""How often the measured run times are read, and how often while one that is needed is not known."""


@dataclass(frozen=True, slots=True)
class Round:
    """What one look at the tables came to.

    Attributes:
        dispatched: tasks moved to QUEUED and published.
        set_aside: tasks that nobody knows how to run, moved out of the way of the others.
        next_due: when the first task that is not due yet will be, or None.
        blocked_for: due tasks wait because their lanes have enough; seconds until another look is worth it.
    """

    dispatched: int = 0
    set_aside: int = 0
    next_due: datetime | None = None
    blocked_for: float = 0.0


class Dispatcher:
    """Remembers windows and run times between rounds; any number of dispatchers may run at once."""

    def __init__(self) -> None:
        self._windows: dict[str, Window] = {}
        self._runtimes: dict[str, float] = {}
        self._runtimes_read_at = 0.0
        self._published_at: dict[str, float] = {}
        self._watch = LaneWatch()
        self._unread = UnreadMessages()
        self._remembered: list[WaitingLane] = []

    def dispatch(self) -> Round:
        """Publish what is due, as far as there is room.

        Raises:
            BrokerUnavailable: nothing is lost; what was not sent is SCHEDULED again.
        """
        now = clock.now()
        lanes, are_remembered = self._lanes(now)
        due = [lane for lane in lanes if lane.first_run_after <= now]
        later = [lane.first_run_after for lane in lanes if lane.first_run_after > now]
        next_due = min(later, default=None)
        rooms, blocked_for = self._rooms(due)
        if not rooms:
            return Round(next_due=next_due, blocked_for=blocked_for)
        known = task_types()
        moved = set_aside_unknown([lane for lane in due if lane.first_type not in known], now=now)
        tasks = take(rooms, sorted(known), now=now)
        if not tasks and not moved and are_remembered:
            return self.dispatch()  # others may have come before those that are gone meanwhile
        self._publish(tasks, queued_at=now)
        return Round(
            dispatched=len(tasks), set_aside=moved, next_due=next_due, blocked_for=blocked_for
        )

    def _lanes(self, now: datetime) -> tuple[list[WaitingLane], bool]:
        """Return the lanes with waiting tasks, and whether they are remembered.

        What was seen to become due now is not looked up again.
        """
        remembered, self._remembered = self._remembered, []
        if any(lane.first_run_after <= now for lane in remembered):
            return remembered, True
        lanes = self._watch.look(now)
        self._remembered = [lane for lane in lanes if lane.first_run_after > now]
        return lanes, False

    def _rooms(self, lanes: list[WaitingLane]) -> tuple[list[tuple[WaitingLane, int]], float]:
        """Return the lanes that have room, with how much, and how long the others are held back."""
        if not lanes:
            return [], 0.0
        names = [lane_name(lane.queue_name, lane.priority) for lane in lanes]
        few = min(ENOUGH_MESSAGES, conf.current().lane_window_messages)
        waiting = self._unread.of(names, few=few)
        rooms, held = [], []
        for lane, name in zip(lanes, names, strict=True):
            room = min(self._window(name).room(waiting[name]), ROUND_LIMIT)
            hold_for = self._filling_for(name, waiting[name]) if room else LONGEST_FILL_SECONDS
            if hold_for:
                held.append(hold_for)
            else:
                rooms.append((lane, room))
        return rooms, min(held, default=0.0)

    def _filling_for(self, lane: str, waiting: int) -> float:
        """Return the seconds for which the next batches may fill, because the workers have enough to do."""
        now = time.monotonic()
        if waiting >= ENOUGH_MESSAGES:
            wanted = min(waiting * FILL_SECONDS, LONGEST_FILL_SECONDS)
            left = self._published_at.get(lane, 0.0) + wanted - now
            if left > 0:
                return left
        self._published_at[lane] = now
        return 0.0

    def _window(self, lane: str) -> Window:
        return self._windows.setdefault(lane, Window(conf.current().lane_window_messages))

    def _publish(self, tasks: list[QueuedTask], *, queued_at: datetime) -> None:
        messages = self._messages(tasks)
        try:
            publish(messages)
        except BrokerUnavailable as error:
            ids = [task_id for message in error.unsent for task_id in message.ids]
            hold(ids, queued_at=queued_at, reason="the broker is unreachable", now=clock.now())
            self._watch.forget()
            self._unread.forget()
            raise
        self._learn(messages)

    def _messages(self, tasks: Iterable[QueuedTask]) -> list[Message]:
        tasks = list(tasks)
        self._read_runtimes({task.task_type for task in tasks})
        groups: dict[tuple[str, str], list[QueuedTask]] = defaultdict(list)
        messages = []
        for task in tasks:
            lane = lane_name(task.queue_name, task.priority)
            if task.isolated:
                messages.append(_message(lane, task.task_type, [task]))
            else:
                groups[lane, task.task_type].append(task)
        for (lane, task_type), group in groups.items():
            size = self._batch_size(task_type)
            messages.extend(_message(lane, task_type, batch) for batch in chunks(group, size))
        return messages

    def _batch_size(self, name: str) -> int:
        registered = task_types()[name]
        return batch_size(
            self._runtimes.get(name),
            cap=registered.max_batch,
            side_by_side=registered.max_concurrency if registered.is_async else 1,
            together=registered.is_batch,
        )

    def _read_runtimes(self, needed: set[str]) -> None:
        is_known = needed <= self._runtimes.keys()
        seconds = MEASUREMENT_SECONDS if is_known else FIRST_MEASUREMENT_SECONDS
        if time.monotonic() - self._runtimes_read_at < seconds:
            return
        self._runtimes = dict(TaskTypeStatistics.objects.values_list("task_type", "mean_runtime"))
        self._runtimes_read_at = time.monotonic()

    def _learn(self, messages: list[Message]) -> None:
        """Note how many tasks the messages of each lane could have carried.

        Not how many they did: one that went out alone, because nothing else was due, says nothing about
        the room there is.
        """
        sizes: dict[str, list[int]] = defaultdict(list)
        for message in messages:
            sizes[message.lane].append(max(len(message.ids), self._batch_size(message.task_type)))
        for lane, counts in sizes.items():
            self._window(lane).published(tasks=sum(counts), messages=len(counts))
            self._unread.published(lane, len(counts))


def _message(lane: str, task_type: str, tasks: list[QueuedTask]) -> Message:
    ids = [task.id for task in tasks]
    if not switch.is_on:
        return Message(lane, task_type, ids)
    return Message(lane, task_type, ids, [t.traceparent for t in tasks if t.traceparent])
