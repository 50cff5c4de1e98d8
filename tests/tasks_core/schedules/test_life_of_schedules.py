"""Any order of beats, deaths, jumps, pauses and edits: afterwards the ledger holds each tick once.

The model knows the expression in force at each moment and the policy; what it expects of every tick follows
from when a beat looked first after it was due.
"""

from collections.abc import Callable
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

import tasks_core
from tasks_core import clock
from tasks_core.models import Backfill, Leadership, Occurrence, Schedule, Task
from tasks_core.schedules import firing, generator
from tasks_core.schedules.firing import fire
from tasks_core.schedules.generator import generate
from tasks_core.schedules.leader import Leadership as Claim
from tests.tasks_core.life import plain_type
from tests.tasks_core.schedules.ticking import START
from tests.tasks_core.threads import at_once

SECONDS = {"*/10 * * * * *": 10, "*/15 * * * * *": 15, "0 * * * * *": 60}
GRACE = timedelta(seconds=20)


class Died(Exception):
    """The beat is gone, in the middle of its transaction."""


class LifeOfSchedules(RuleBasedStateMachine):
    """One schedule, up to two beats, and a clock that also jumps back."""

    @initialize(
        misfire=st.sampled_from(["skip", "run_once", "run_all"]),
        cron=st.sampled_from(sorted(SECONDS)),
    )
    def begin(self, misfire: str, cron: str) -> None:
        for model in (Occurrence, Backfill, Task, Schedule, Leadership):
            model.objects.all().delete()
        self.now = self.seen = START
        self.misfire = misfire
        self.expected: set[datetime] = set()
        self.paused: list[tuple[datetime, datetime | None]] = []
        self.steps = [(START, SECONDS[cron])]
        with self.at():
            tasks_core.schedule_recurring(
                "plain", name="s", cron=cron, misfire=misfire, misfire_grace=GRACE
            )

    @contextmanager
    def at(self) -> Any:
        with clock.frozen(self.now):
            yield

    def _beat(self, claim: Claim | None = None) -> None:
        with self.at():
            while generate() + fire(claim):
                pass
        self.seen = max(self.seen, self.now)

    @rule(seconds=st.integers(1, 400))
    def time_goes_by(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(seconds=st.integers(1, 90))
    def clock_jumps_back(self, seconds: int) -> None:
        self.now = max(START, self.now - timedelta(seconds=seconds))

    @rule()
    def beat_works(self) -> None:
        self._beat()

    @rule()
    def two_beats_work_at_once(self) -> None:
        with self.at():
            at_once(2, lambda _: generate() + fire())
        self._beat()

    @rule()
    def beat_dies_before_it_commits(self) -> None:
        def die(work: Callable[[], int]) -> None:
            with transaction.atomic():
                work()
                raise Died

        for work in (generate, fire):
            with self.at(), pytest.raises(Died):
                die(work)

    @rule()
    def frozen_leader_wakes_up(self) -> None:
        old, new = Claim("schedules"), Claim("schedules")
        Leadership.objects.all().delete()
        assert old.lead()
        Leadership.objects.update(expires_at=START)
        assert new.lead()
        assert (new.fence or 0) > (old.fence or 0) > 0
        before = Occurrence.objects.upcoming().count()
        with self.at():
            assert fire(old) == 0
        assert Occurrence.objects.upcoming().count() == before
        self._beat(new)

    @rule(cron=st.sampled_from(sorted(SECONDS)))
    def schedule_is_edited(self, cron: str) -> None:
        self.now = max(self.now, self.seen)
        self.seen = self.now
        if SECONDS[cron] != self.steps[-1][1]:
            self.steps.append((self.now, SECONDS[cron]))
        with self.at():
            tasks_core.update_schedule("s", cron=cron)

    @rule()
    def schedule_is_paused_or_resumed(self) -> None:
        self.now = max(self.now, self.seen)
        with self.at():
            if self.paused and self.paused[-1][1] is None:
                tasks_core.resume_schedule("s")
                self.paused[-1] = (self.paused[-1][0], self.now)
            else:
                tasks_core.pause_schedule("s", reason="a test")
                self.paused.append((self.now, None))
            self.seen = max(self.seen, self.now)

    def _ticks(self) -> set[datetime]:
        """Every instant at which the expression then in force was due, up to the last look."""
        ends = [since for since, _ in self.steps[1:]] + [self.seen]
        found = set()
        for (since, step), until in zip(self.steps, ends, strict=True):
            seconds = int((since - START).total_seconds()) // step * step + step
            while (due := START + timedelta(seconds=seconds)) <= until:
                if due > since:
                    found.add(due)
                seconds += step
        return found

    def _is_paused(self, due: datetime) -> bool:
        return any(since <= due and (end is None or due < end) for since, end in self.paused)

    @invariant()
    def no_tick_has_two_tasks(self) -> None:
        made = list(Task.objects.values_list("scheduled_for", flat=True))
        assert len(made) == len(set(made))

    def teardown(self) -> None:
        if not hasattr(self, "seen"):
            return
        self.now = max(self.now, self.seen)
        self._beat()
        rows = dict(Occurrence.objects.filter(due__lte=self.seen).values_list("due", "outcome"))
        assert set(rows) == self._ticks()
        ran = set(Task.objects.values_list("scheduled_for", flat=True))
        for due, outcome in rows.items():
            if any(due in pause for pause in self.paused):
                assert (outcome == "paused") != (due in ran) or outcome != "paused"
                continue  # paused or resumed at the very instant of a tick: either is right
            if self._is_paused(due):
                assert outcome == "paused", (due, outcome)
                assert due not in ran
                continue
            allowed = {
                "skip": {"fired", "skipped_misfire"},
                "run_once": {"fired", "caught_up", "coalesced"},
                "run_all": {"fired", "caught_up"},
            }
            assert outcome in allowed[self.misfire], (due, outcome)
            assert (due in ran) == (outcome in ("fired", "caught_up"))
        assert len(ran) == Task.objects.count()


@pytest.mark.usefixtures("transactional_db")
@pytest.mark.timeout(300)
def test_any_order_of_events_leaves_each_tick_once(monkeypatch: pytest.MonkeyPatch) -> None:
    plain_type()
    monkeypatch.setattr(generator, "CHUNK", 40)
    monkeypatch.setattr(generator, "FILL_TO", 12)
    monkeypatch.setattr(generator, "FEWEST", 6)
    monkeypatch.setattr(firing, "TICKS", 25)
    run_state_machine_as_test(
        LifeOfSchedules,
        settings=settings(
            max_examples=40,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
