"""The rules of a lane: places, pauses, the rate and what a lane learns from outcomes."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from notifications.rules.endpoint_lane import (
    EndedAttempt,
    Lane,
    LaneRule,
    admit,
    ended,
    freed,
    room,
    slot_of,
)
from notifications.rules.gcra import Pace, admitted, waits
from notifications.rules.outcome import Outcome
from tasks_core.engine.breaker import BreakerRule, BreakerState

pytestmark = pytest.mark.guarantee(n=10)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
RULE = LaneRule(
    max_concurrency=5,
    rate_limit=None,
    breaker=BreakerRule(threshold=3, pause=30),
    patience=35,
)


def later(seconds: float) -> datetime:
    return NOW + timedelta(seconds=seconds)


def after(
    lane: Lane, outcome: Outcome, *, times: int = 1, now: datetime = NOW, status: int | None = None
) -> Lane:
    attempt = EndedAttempt(
        slot=slot_of(now), outcome=outcome, error="the endpoint answered", status_code=status
    )
    return ended(lane, RULE, [attempt] * times, now)


def test_no_more_start_than_there_are_places() -> None:
    first = admit(Lane(), RULE, 3, NOW)
    second = admit(first.lane, RULE, 3, NOW)
    assert (first.count, second.count) == (3, 2)
    assert second.reason == "the endpoint has 5 attempts under way"
    assert second.waits is None
    assert second.lane.has_parked
    assert not first.lane.has_parked


def test_an_attempt_that_ends_gives_its_place_back() -> None:
    lane = admit(Lane(), RULE, 5, NOW).lane
    lane = after(lane, Outcome.SUCCESS, times=2)
    assert lane.in_flight == 3
    assert admit(lane, RULE, 5, NOW).count == 2


def test_places_of_attempts_that_never_ended_come_free() -> None:
    lane = admit(Lane(), RULE, 5, NOW).lane
    assert room(lane, RULE, later(35)) == 0
    assert room(lane, RULE, later(45)) == 5


def test_an_attempt_that_ends_after_its_place_came_free_takes_no_other_ones() -> None:
    old = admit(Lane(), RULE, 5, NOW).lane
    new = admit(old, RULE, 5, later(60)).lane
    late = ended(new, RULE, [EndedAttempt(slot=slot_of(NOW), outcome=Outcome.SUCCESS)], later(60))
    assert late.in_flight == 5


def test_the_places_of_a_process_that_has_ended_come_free_at_once() -> None:
    lane = admit(admit(Lane(), RULE, 3, NOW).lane, RULE, 2, later(1)).lane
    after_it = freed(lane, RULE, lost=[NOW] * 3, under_way=[later(1)] * 2, now=later(2))
    assert after_it.in_flight == 2
    assert room(after_it, RULE, later(2)) == 3


def test_so_do_those_for_which_nothing_had_begun_yet() -> None:
    """It may end between taking places and beginning, or keep some for what is about to come."""
    lane = admit(Lane(), RULE, 5, NOW).lane
    assert freed(lane, RULE, lost=[], under_way=[later(1)] * 2, now=later(2)).in_flight == 5
    assert freed(lane, RULE, lost=[], under_way=[later(1)] * 2, now=later(12)).in_flight == 2


def test_an_attempt_that_began_in_the_slot_after_that_of_its_place_keeps_it() -> None:
    lane = admit(Lane(), RULE, 2, later(4)).lane
    assert freed(lane, RULE, lost=[], under_way=[later(6)] * 2, now=later(20)).in_flight == 2
    assert freed(lane, RULE, lost=[later(6)], under_way=[later(6)], now=later(7)).in_flight == 1


def test_another_probe_goes_out_when_the_process_of_the_last_one_has_ended() -> None:
    lane = after(admit(Lane(), RULE, 3, NOW).lane, Outcome.TRANSIENT, times=3)
    probing = admit(lane, RULE, 1, later(30)).lane
    assert room(probing, RULE, later(32)) == 0
    assert room(
        freed(probing, RULE, lost=[later(30)], under_way=[], now=later(32)), RULE, later(32)
    )


@given(
    st.lists(st.tuples(st.integers(0, 25), st.integers(0, 4), st.booleans()), max_size=5),
    st.integers(0, 20),
)
def test_whoever_is_still_under_way_keeps_a_place(
    attempts: list[tuple[int, int, bool]], seconds: int
) -> None:
    """Each takes a place, begins up to four seconds later, and is lost or not."""
    patient = replace(RULE, patience=1_000)
    lane = Lane()
    for taken, _, _ in sorted(attempts):
        lane = admit(lane, patient, 1, later(taken)).lane
    lost = [later(taken + delay) for taken, delay, is_lost in attempts if is_lost]
    alive = [later(taken + delay) for taken, delay, is_lost in attempts if not is_lost]
    now = max([*lost, *alive], default=NOW) + timedelta(seconds=seconds)
    found = freed(lane, patient, lost=lost, under_way=alive, now=now)
    assert len(alive) <= found.in_flight <= len(attempts)
    if not alive:
        assert found.in_flight == 0


@pytest.mark.parametrize("outcome", [Outcome.TRANSIENT, Outcome.AMBIGUOUS])
def test_failures_in_a_row_open_the_breaker(outcome: Outcome) -> None:
    lane = after(Lane(), outcome, times=3)
    assert lane.breaker.state is BreakerState.OPEN
    refused = admit(lane, RULE, 4, later(29))
    assert (refused.count, refused.waits) == (0, None)
    assert refused.reason == "the endpoint keeps failing: the endpoint answered"


def test_one_probe_goes_out_when_the_pause_is_over() -> None:
    lane = after(Lane(), Outcome.TRANSIENT, times=3)
    probe = admit(lane, RULE, 4, later(31))
    assert probe.count == 1
    assert admit(probe.lane, RULE, 4, later(32)).count == 0


def test_a_probe_that_succeeds_opens_the_lane_to_all() -> None:
    lane = admit(after(Lane(), Outcome.TRANSIENT, times=3), RULE, 1, later(31)).lane
    lane = after(lane, Outcome.SUCCESS, now=later(31))
    assert admit(lane, RULE, 9, later(31)).count == 5


@pytest.mark.parametrize("status", [400, 404, 302])
def test_an_endpoint_that_refuses_a_message_is_alive(status: int) -> None:
    lane = after(Lane(), Outcome.TRANSIENT, times=2)
    lane = after(lane, Outcome.PERMANENT, status=status)
    assert after(lane, Outcome.TRANSIENT, times=2).breaker.state is BreakerState.CLOSED


def test_being_throttled_pauses_the_lane_and_opens_no_breaker() -> None:
    attempt = EndedAttempt(
        slot=slot_of(NOW), outcome=Outcome.THROTTLED, status_code=429, retry_after=40
    )
    lane = ended(Lane(), RULE, [attempt] * 9, NOW)
    assert lane.breaker.state is BreakerState.CLOSED
    assert lane.failing_since is None
    assert room(lane, RULE, later(39)) == 0
    assert room(lane, RULE, later(40)) == 5


@pytest.mark.parametrize(("status", "seconds"), [(429, 5), (502, 1), (504, 1)])
def test_statuses_that_ask_for_less_pause_without_retry_after_too(
    status: int, seconds: float
) -> None:
    lane = after(Lane(), Outcome.TRANSIENT, status=status)
    assert room(lane, RULE, later(seconds - 0.1)) == 0
    assert room(lane, RULE, later(seconds)) == 5


def test_a_shorter_pause_does_not_end_a_longer_one() -> None:
    asked = [
        EndedAttempt(slot=0, outcome=Outcome.TRANSIENT, status_code=503, retry_after=seconds)
        for seconds in (60, 2)
    ]
    assert room(ended(Lane(), RULE, asked, NOW), RULE, later(59)) == 0


def test_the_time_of_only_failures_begins_with_the_first_and_ends_with_a_success() -> None:
    lane = after(Lane(), Outcome.TRANSIENT)
    lane = after(lane, Outcome.PERMANENT, now=later(60), status=404)
    assert lane.failing_since == NOW
    assert after(lane, Outcome.SUCCESS).failing_since is None


def test_a_message_that_was_not_sent_teaches_nothing() -> None:
    lane = admit(Lane(), RULE, 1, NOW).lane
    assert after(lane, Outcome.EXPIRED) == replace(lane, taken={})


def test_the_rate_spreads_what_waits_over_time() -> None:
    rule = replace(RULE, rate_limit=10, max_concurrency=1_000)
    admission = admit(Lane(), rule, 5, NOW)
    assert admission.count == 1
    assert admission.reason == "limited to 10/s"
    assert admission.waits == pytest.approx([0.1, 0.2, 0.3, 0.4])
    more = admit(admission.lane, rule, 2, NOW)
    assert more.waits == pytest.approx([0.5, 0.6])


@given(
    rate=st.floats(0.5, 500),
    steps=st.lists(st.tuples(st.floats(0, 2), st.integers(1, 50)), max_size=40),
)
def test_the_rate_is_kept_to_over_any_time(rate: float, steps: list[tuple[float, int]]) -> None:
    pace, at, sent = Pace(), 0.0, [(0.0, 0)]
    for pause, wanted in steps:
        at += pause
        pace, count = admitted(pace, rate, wanted, later(at))
        sent.append((at, count))
    for start in range(len(sent)):
        total = sum(count for _, count in sent[start:])
        assert total <= (sent[-1][0] - sent[start][0] + 0.05) * rate + 1.001


@given(rate=st.floats(0.5, 500), counts=st.lists(st.integers(0, 20), max_size=10))
def test_those_who_are_told_to_wait_come_one_by_one(rate: float, counts: list[int]) -> None:
    pace, times = Pace(next_at=later(1)), []
    for count in counts:
        pace, places = waits(pace, rate, count, NOW)
        times += places
    assert all(second - first >= 0.999 / rate - 2e-6 for first, second in pairwise(times))


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("admit"), st.integers(1, 8)),
            st.tuples(st.sampled_from(list(Outcome)), st.integers(1, 3)),
            st.tuples(st.just("wait"), st.integers(1, 40)),
        )
    )
)
def test_whatever_happens_there_are_never_more_under_way_than_places(
    steps: list[tuple[str, int]],
) -> None:
    lane, at = Lane(), 0
    for step, number in steps:
        if step == "admit":
            lane = admit(lane, RULE, number, later(at)).lane
        elif step == "wait":
            at += number
        else:
            lane = after(lane, Outcome(step), times=number, now=later(at))
        assert 0 <= lane.in_flight <= RULE.max_concurrency
        assert all(count > 0 for count in lane.taken.values())
