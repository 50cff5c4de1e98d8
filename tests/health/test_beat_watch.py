"""A beat knows which of its duties is stuck."""

import threading

import pytest

from tasks_core.database import answer_limit
from tasks_core.database.answer_limit import longer_answers_within
from tasks_core.duties.duty import Duty
from tasks_core.liveness import beat_watch
from tasks_core.liveness.beat_watch import BeatWatch
from tests.support.waiting import wait_until


def test_duty_that_does_not_come_back_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    let_go = threading.Event()

    def hang() -> float:
        let_go.wait(30)
        return 30.0

    stuck, idle = Duty("hanging", hang), Duty("idle", lambda: 30.0)
    watch = BeatWatch()
    watch.ticked([stuck, idle])
    monkeypatch.setattr(beat_watch, "LONGEST_WORK", 0.3)
    assert watch.columns() == {"stuck_since": None, "failing_rows": ""}
    for duty in (stuck, idle):
        duty.start()
    try:
        wait_until(watch.problem, what="the duty is noticed")
        assert watch.problem().endswith(": duty-hanging")
        since = watch.columns()["stuck_since"]
        assert since is not None
        assert watch.columns()["stuck_since"] == since, "it says since when, not how long ago"
        let_go.set()
        wait_until(lambda: not watch.problem(), what="it has come back")
        assert watch.columns() == {"stuck_since": None, "failing_rows": ""}
    finally:
        let_go.set()
        for duty in (stuck, idle):
            duty.stop()
            duty.join(5)


def test_duty_that_waits_for_an_answer_that_may_take_hours_is_not_stuck(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mended, let_go = threading.Event(), threading.Event()

    def mend() -> float:
        with longer_answers_within(3_600.0):
            mended.wait(30)
        let_go.wait(30)
        return 30.0

    duty = Duty("mending", mend, is_brief=True)
    watch = BeatWatch()
    watch.ticked([duty])
    monkeypatch.setattr(beat_watch, "LONGEST_WORK", 0.3)
    monkeypatch.setattr(answer_limit, "ANSWER_SECONDS", 0.3)
    duty.start()
    try:
        wait_until(lambda: duty.working_for() > 0.4, what="it takes long")
        assert watch.problem() == ""
        mended.set()
        wait_until(watch.problem, what="what takes long now is noticed")
    finally:
        mended.set()
        let_go.set()
        duty.stop()
        duty.join(5)


def test_loop_that_does_not_turn_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = BeatWatch()
    assert watch.problem() == ""
    monkeypatch.setattr(beat_watch, "LONGEST_TICK", -1.0)
    assert "main loop" in watch.problem()
