"""Any order of beats, deaths, jumps, pauses and edits: afterwards the ledger holds each tick once.

The model knows the expression in force at each moment, the pauses and the policy; what it expects of every
tick, outcome by outcome, follows from when a beat looked first after it was due.
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
from tasks_core.leadership import Leadership as Claim
from tasks_core.models import Backfill, Leadership, Occurrence, Schedule, Task
from tasks_core.schedules import firing, generator
from tasks_core.schedules.firing import fire
from tasks_core.schedules.generator import generate
from tests.support.life import plain_type
from tests.support.threads import at_once
from tests.tasks_core.schedules.ticking import START

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
        self.now = self.latest = START
        self.misfire = misfire
        self.expected: dict[datetime, str] = {}
        self.paused_at: datetime | None = None
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
        self._beat_is_expected_to_settle()

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
            at_once(2, lambda _: self._with_this_clock())
        self._beat()

    def _with_this_clock(self) -> None:
        while generate() + fire():
            pass

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
        self._clock_is_right_again()
        if SECONDS[cron] != self.steps[-1][1]:
            self.steps.append((self.now, SECONDS[cron]))
        with self.at():
            tasks_core.update_schedule("s", cron=cron)

    @rule()
    def schedule_is_paused_or_resumed(self) -> None:
        self._clock_is_right_again()
        with self.at():
            if self.paused_at is None:
                tasks_core.pause_schedule("s", reason="a test")
                self.paused_at = self.now
                return
            tasks_core.resume_schedule("s")
        paused_at, self.paused_at = self.paused_at, None
        self.expected |= {due: "paused" for due in self._open() if due >= paused_at}

    def _clock_is_right_again(self) -> None:
        """People act at the time it is, however the beat's clock has jumped."""
        self.now = max(self.now, self.latest)
        self.latest = self.now

    def _open(self) -> list[datetime]:
        """The ticks that are due and that nobody has settled, in order."""
        ends = [since for since, _ in self.steps[1:]] + [self.now]
        found = []
        for (since, step), until in zip(self.steps, ends, strict=True):
            number = int((since - START).total_seconds()) // step + 1
            while (due := START + timedelta(seconds=number * step)) <= min(until, self.now):
                found.append(due)
                number += 1
        return [due for due in found if due not in self.expected]

    def _beat_is_expected_to_settle(self) -> None:
        """Say of each open tick what the policy makes of it, now that a beat has looked."""
        self.latest = max(self.latest, self.now)
        paused = [due for due in self._open() if self.paused_at and due >= self.paused_at]
        self.expected |= dict.fromkeys(paused, "paused")
        missed = [due for due in self._open() if self.now - due > GRACE]
        on_time = [due for due in self._open() if self.now - due <= GRACE]
        self.expected |= dict.fromkeys(on_time, "fired")
        words = {"skip": "skipped_misfire", "run_once": "coalesced", "run_all": "caught_up"}
        self.expected |= dict.fromkeys(missed, words[self.misfire])
        if self.misfire == "run_once" and missed and not on_time:
            self.expected[missed[-1]] = "caught_up"

    @invariant()
    def ledger_says_what_the_policy_demands(self) -> None:
        if not hasattr(self, "expected"):
            return
        settled = Occurrence.objects.exclude(outcome="upcoming")
        assert dict(settled.values_list("due", "outcome")) == self.expected
        made = list(Task.objects.order_by("scheduled_for").values_list("scheduled_for", flat=True))
        ran = sorted(due for due, word in self.expected.items() if word in ("fired", "caught_up"))
        assert made == ran  # each once

    def teardown(self) -> None:
        if not hasattr(self, "expected"):
            return
        self._clock_is_right_again()
        self._beat()
        self.ledger_says_what_the_policy_demands()
        assert not Occurrence.objects.overdue(self.now).exists()


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
