"""Places that change hands within one process, without a word to the lane.

While a backlog goes out, most attempts that end are followed by one to the same endpoint at once. Giving a
place back and taking it again leaves the lane's row as it was, so the two statements, and the wait for
whoever has the row locked, are left out. This holds for lanes in which nothing needs to be learnt or
remembered, for successes only, and within the slot of time in which the place was taken.
"""

import time
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock

from notifications.rules.endpoint_lane import (
    EndedAttempt,
    Lane,
    LaneRule,
    has_nothing_to_learn,
    slot_of,
)
from notifications.rules.outcome import Outcome

TRUSTED_SECONDS = 1.0
"""So long a lane is taken to be as it was seen: others may have failures, or wait for room, meanwhile."""

MOST_LANES = 10_000
"""So many are known at once. To know nothing costs no more than two statements."""

Endings = Mapping[int, Sequence[EndedAttempt]]


@dataclass
class Turns:
    """What came of it.

    Attributes:
        taken: deliveries that have the place of one that ended, by endpoint.
        left: attempts whose places the lanes must get back, by endpoint.
    """

    taken: dict[int, list[int]] = field(default_factory=dict)
    left: dict[int, list[EndedAttempt]] = field(default_factory=lambda: defaultdict(list))


class Places:
    """What this process knows of lanes, and the places that it keeps from one call to the next."""

    def __init__(self) -> None:
        self._trusted_until: dict[int, float] = {}
        self._kept: dict[int, list[EndedAttempt]] = {}
        self._lock = Lock()

    def saw(self, endpoint_id: int, lane: Lane, rule: LaneRule, now: datetime) -> None:
        """Note how a lane was left that this process has just had locked."""
        with self._lock:
            if len(self._trusted_until) >= MOST_LANES:
                self._trusted_until.clear()
            if has_nothing_to_learn(lane, rule, now):
                self._trusted_until[endpoint_id] = time.monotonic() + TRUSTED_SECONDS
            else:
                self._trusted_until.pop(endpoint_id, None)

    def exchange(
        self,
        asked: Mapping[int, Sequence[int]],
        ended: Endings,
        now: datetime,
        *,
        keeps: bool = False,
    ) -> Turns:
        """Return the places of attempts that have ended to deliveries that ask, by endpoint.

        Where there are more places than deliveries, they are kept for the calls to come, if some changed
        hands here or ``keeps`` says so: more deliveries are on their way. No place is kept for longer than
        the lane is taken to be as it was seen.
        """
        turns = Turns()
        with self._lock:
            before, self._kept = self._kept, {}
            for endpoint_id in {**before, **ended}:
                free = [*before.get(endpoint_id, ()), *ended.get(endpoint_id, ())]
                if not self._may_exchange(endpoint_id, free, now):
                    turns.left[endpoint_id] += free
                    continue
                taken = list(asked.get(endpoint_id, ()))[: len(free)]
                if taken:
                    turns.taken[endpoint_id] = taken
                if taken or keeps:
                    self._kept[endpoint_id] = free[len(taken) :]
                else:
                    turns.left[endpoint_id] += free[len(taken) :]
        turns.left = {pk: attempts for pk, attempts in turns.left.items() if attempts}
        return turns

    def given_up(self) -> dict[int, list[EndedAttempt]]:
        """Keep nothing any more; return the attempts whose places the lanes must get back."""
        with self._lock:
            kept, self._kept = self._kept, {}
        return {pk: attempts for pk, attempts in kept.items() if attempts}

    def keep(self, attempts: Endings) -> None:
        """Keep the places of attempts after all: the lanes could not get them back."""
        with self._lock:
            for endpoint_id, more in attempts.items():
                self._kept[endpoint_id] = [*self._kept.get(endpoint_id, ()), *more]

    @property
    def keeps_some(self) -> bool:
        """Whether there are places that nobody uses."""
        return any(self._kept.values())

    def _may_exchange(
        self, endpoint_id: int, attempts: Sequence[EndedAttempt], now: datetime
    ) -> bool:
        slot = slot_of(now)
        return self._trusted_until.get(endpoint_id, 0.0) > time.monotonic() and all(
            one.outcome is Outcome.SUCCESS and one.slot == slot for one in attempts
        )


places = Places()
"""Of this process. A child of a fork has its parent's, who has sent nothing."""
