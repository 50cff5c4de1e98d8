"""When a provider is left out, and what it learns from outcomes: pure rules."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.providers.health import (
    FIRST_PAUSE,
    LONGEST_PAUSE,
    PROBE_SECONDS,
    Admission,
    Health,
    HealthRule,
    admit,
    learnt,
)
from tasks_core.engine.breaker import Breaker, BreakerRule, BreakerState

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULE = HealthRule(
    rate_limit=None, breaker=BreakerRule(threshold=3, pause=30, longest_pause=100), patience=35
)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def after(health: Health, *results: SendResult, now: datetime = NOW) -> Health:
    for result in results:
        health = learnt(health, RULE, result, now)
    return health


def result(outcome: Outcome, **more: object) -> SendResult:
    return replace(SendResult(outcome=outcome, error="503"), **more)  # type: ignore[arg-type]


FAILED = result(Outcome.TRANSIENT)
WELL = result(Outcome.SUCCESS, status_code=201)


def asked(health: Health, now: datetime = NOW, rule: HealthRule = RULE) -> tuple[Health, Admission]:
    return admit(health, rule, now, keeps_place=True)


def test_failures_in_a_row_open_it_and_pauses_double_up_to_their_limit() -> None:
    health = after(Health(), FAILED, FAILED)
    assert asked(health)[1].wait == 0
    pauses, now = [], NOW
    health = after(health, FAILED)
    for _ in range(4):
        refusal = asked(health, now)[1]
        assert refusal.reason == "keeps failing: 503"
        pauses.append(refusal.wait)
        now += timedelta(seconds=refusal.wait)
        health, probe = asked(health, now)
        assert probe.wait == 0
        health = after(health, FAILED, now=now)
    assert pauses == [30, 60, 100, 100]


def test_half_open_lets_one_through_and_the_others_look_again_soon() -> None:
    health, probe = asked(after(Health(), *[FAILED] * 3), later(30))
    assert probe.wait == 0
    assert health.breaker.state is BreakerState.HALF_OPEN
    assert asked(health, later(30))[1].wait == PROBE_SECONDS
    assert asked(after(health, WELL), later(30))[1].wait == 0


def test_a_probe_that_is_lost_is_followed_by_another() -> None:
    health, _ = asked(after(Health(), *[FAILED] * 3), later(30))
    assert asked(health, later(64))[1].wait > 0
    assert asked(health, later(65))[1].wait == 0


def test_a_probe_that_sent_nothing_leaves_its_place_to_the_next() -> None:
    health, _ = asked(after(Health(), *[FAILED] * 3), later(30))
    health = after(health, SendResult(outcome=Outcome.EXPIRED), now=later(31))
    assert asked(health, later(31))[1].wait == 0


@pytest.mark.parametrize(
    "seen",
    [
        WELL,
        result(Outcome.PERMANENT, status_code=400),
        result(Outcome.TRANSIENT, about_receiver=True),
    ],
)
def test_whoever_answers_works_even_if_the_message_is_refused(seen: SendResult) -> None:
    health = after(Health(), FAILED, FAILED, seen)
    assert health.breaker == Breaker()


def test_what_was_never_sent_proves_nothing() -> None:
    before = after(Health(), FAILED, FAILED)
    for nothing in (result(Outcome.PERMANENT), result(Outcome.EXPIRED)):
        assert after(before, nothing) == before


def test_too_many_requests_pause_it_and_are_no_failure() -> None:
    health = after(Health(), FAILED, FAILED, result(Outcome.THROTTLED, retry_after=40.0))
    refusal = asked(health, later(39))[1]
    assert (refusal.wait, refusal.reason) == (1, "asked for a pause: 503")
    assert asked(health, later(40))[1].wait == 0
    assert health.breaker == Breaker()


def test_pauses_that_name_no_time_double_until_it_takes_a_message() -> None:
    throttled, health, now, waits = result(Outcome.THROTTLED), Health(), NOW, []
    for _ in range(8):
        # Two were under way: the second says nothing new.
        health = after(health, throttled, throttled, now=now)
        waits.append(asked(health, now)[1].wait)
        now += timedelta(seconds=waits[-1])
    assert waits[:3] == [FIRST_PAUSE, 2 * FIRST_PAUSE, 4 * FIRST_PAUSE]
    assert waits[-1] == LONGEST_PAUSE
    health = after(after(health, WELL, now=now), throttled, now=now)
    assert asked(health, now)[1].wait == FIRST_PAUSE


def test_each_message_gets_its_place_in_the_rate() -> None:
    rule, health = replace(RULE, rate_limit=4.0), Health()
    answers = []
    for _ in range(4):
        health, answer = asked(health, rule=rule)
        answers.append(answer)
    assert [answer.wait for answer in answers] == [0, 0.25, 0.5, 0.75]
    assert [answer.is_promised for answer in answers] == [False, True, True, True]


def test_who_may_go_elsewhere_takes_no_place() -> None:
    rule = replace(RULE, rate_limit=4.0)
    health, _ = asked(Health(), rule=rule)
    unchanged, answer = admit(health, rule, NOW, keeps_place=False)
    assert (answer.wait, answer.is_promised) == (0.25, False)
    assert unchanged == health
