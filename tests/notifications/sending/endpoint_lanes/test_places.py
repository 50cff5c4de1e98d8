"""Places in the lanes of endpoints that change hands within a process."""

import asyncio
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random
from types import ModuleType
from typing import Any, TypeVar

import pytest
from django.db import transaction
from django.db.transaction import TransactionManagementError
from hypothesis import given
from hypothesis import strategies as st

from notifications.api import Message, notify_many
from notifications.channel_api.sendable import Sendable
from notifications.models import Delivery, Endpoint, EndpointLane, Notification, TemplateVersion
from notifications.rules.endpoint_lane import SLOT_SECONDS, EndedAttempt, Lane, LaneRule, slot_of
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.endpoint_lanes import places as keeping
from notifications.sending.endpoint_lanes import rows
from notifications.sending.endpoint_lanes.places import Places, places
from notifications.sending.endpoint_lanes.release import give_up_places, release, wake_waiting
from notifications.sending.pipeline import deliver, lanes
from notifications.sending.pipeline.lanes import Asked, Turn, take_turns
from notifications.sending.pipeline.record import Ended
from notifications.shutdown import close_all
from tasks_core import clock, registry
from tasks_core.engine.breaker import Breaker, BreakerRule, BreakerState
from tasks_core.registry import task_types
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.support.receiver import Receiver, Reply
from tests.support.waiting import wait_until

pytestmark = pytest.mark.guarantee(n=10)

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
NEXT_SLOT = NOW + timedelta(seconds=SLOT_SECONDS)
RULE = LaneRule(
    max_concurrency=5, rate_limit=None, breaker=BreakerRule(threshold=3, pause=30), patience=35
)
DELIVER = "notification.deliver.webhook"
KNOWN, UNKNOWN = (1, 2), 3


@pytest.fixture(autouse=True)
def _long_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, what was seen before a call holds during it."""
    monkeypatch.setattr(keeping, "TRUSTED_SECONDS", 60.0)


def success(now: datetime = NOW, error: str = "") -> EndedAttempt:
    return EndedAttempt(slot=slot_of(now), outcome=Outcome.SUCCESS, error=error)


def known(*endpoint_ids: int) -> Places:
    """Give places of a process that has seen these lanes at rest."""
    seen = Places()
    for endpoint_id in endpoint_ids or KNOWN:
        seen.saw(endpoint_id, Lane(), RULE, NOW)
    return seen


def test_a_place_that_comes_free_is_taken_by_one_that_asks() -> None:
    turns = known().exchange({1: [7]}, {1: [success()]}, NOW)
    assert (turns.taken, turns.left) == ({1: [7]}, {})


def test_who_asks_first_is_first_and_the_others_ask_the_lane() -> None:
    turns = known().exchange({1: [9, 7, 8]}, {1: [success(), success()]}, NOW)
    assert (turns.taken, turns.left) == ({1: [9, 7]}, {})


def test_what_is_left_is_kept_for_the_next_call_where_some_changed_hands() -> None:
    seen = known()
    seen.exchange({1: [7]}, {1: [success(), success()]}, NOW)
    assert seen.keeps_some
    turns = seen.exchange({1: [8, 9]}, {}, NOW)
    assert (turns.taken, turns.left) == ({1: [8]}, {})
    assert not seen.keeps_some


def test_a_place_is_kept_from_one_call_to_the_next_and_no_longer() -> None:
    seen = known()
    seen.exchange({1: [7]}, {1: [success(error="a"), success(error="b")]}, NOW)
    turns = seen.exchange({}, {}, NOW)
    assert turns.taken == {}
    assert [one.error for one in turns.left[1]] == ["b"]
    assert not seen.keeps_some


def test_nothing_is_kept_when_nobody_asks() -> None:
    seen = known()
    ended = [success(), success()]
    turns = seen.exchange({}, {1: ended}, NOW)
    assert (turns.taken, turns.left) == ({}, {1: ended})
    assert not seen.keeps_some
    assert seen.given_up() == {}


def test_endpoints_do_not_share_places() -> None:
    turns = known().exchange({1: [7]}, {2: [success()]}, NOW)
    assert (turns.taken, turns.left) == ({}, {2: [success()]})


def test_what_is_given_up_is_given_up_once() -> None:
    seen = known()
    seen.exchange({1: [7]}, {1: [success(error="a"), success(error="b")]}, NOW)
    assert [one.error for one in seen.given_up()[1]] == ["b"]
    assert seen.given_up() == {}


@pytest.mark.parametrize(
    "outcome", [outcome for outcome in Outcome if outcome is not Outcome.SUCCESS]
)
def test_the_lane_learns_of_whatever_is_no_success(outcome: Outcome) -> None:
    ended = [success(), replace(success(), outcome=outcome)]
    turns = known().exchange({1: [7, 8]}, {1: ended}, NOW)
    assert (turns.taken, turns.left) == ({}, {1: ended})


def test_a_place_of_another_slot_goes_back() -> None:
    """The lane counts it by the time it was taken, and would let it come free too late or too soon."""
    ended = [success(NOW)]
    turns = known().exchange({1: [7]}, {1: ended}, NEXT_SLOT)
    assert (turns.taken, turns.left) == ({}, {1: ended})


def test_a_place_that_was_kept_in_another_slot_goes_back() -> None:
    seen = known()
    seen.exchange({1: [7]}, {1: [success(), success(error="kept")]}, NOW)
    turns = seen.exchange({1: [8]}, {}, NEXT_SLOT)
    assert turns.taken == {}
    assert [one.error for one in turns.left[1]] == ["kept"]


def test_the_lane_is_asked_where_it_was_not_seen_of_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "TRUSTED_SECONDS", 0.0)
    turns = known().exchange({1: [7]}, {1: [success()]}, NOW)
    assert (turns.taken, turns.left) == ({}, {1: [success()]})
    turns = known().exchange({UNKNOWN: [7]}, {UNKNOWN: [success()]}, NOW)
    assert (turns.taken, turns.left) == ({}, {UNKNOWN: [success()]})


@pytest.mark.parametrize(
    ("lane", "rule"),
    [
        (Lane(breaker=Breaker(failures=1)), RULE),
        (Lane(breaker=Breaker(state=BreakerState.OPEN)), RULE),
        (Lane(breaker=Breaker(state=BreakerState.HALF_OPEN)), RULE),
        (Lane(paused_until=NOW + timedelta(seconds=1)), RULE),
        (Lane(failing_since=NOW), RULE),
        (Lane(has_parked=True), RULE),
        (Lane(), replace(RULE, rate_limit=5.0)),
    ],
)
def test_a_lane_that_must_learn_or_remember_is_told_of_everything(
    lane: Lane, rule: LaneRule
) -> None:
    seen = known()
    seen.saw(1, lane, rule, NOW)
    turns = seen.exchange({1: [7]}, {1: [success()]}, NOW)
    assert (turns.taken, turns.left) == ({}, {1: [success()]})


attempts = st.builds(
    EndedAttempt,
    slot=st.sampled_from([slot_of(NOW), slot_of(NEXT_SLOT)]),
    outcome=st.sampled_from([Outcome.SUCCESS, Outcome.SUCCESS, Outcome.SUCCESS, Outcome.TRANSIENT]),
)
endpoints = st.sampled_from([*KNOWN, UNKNOWN])
calls = st.tuples(
    st.dictionaries(endpoints, st.integers(1, 4)),
    st.dictionaries(endpoints, st.lists(attempts, min_size=1, max_size=4)),
    st.sampled_from([NOW, NOW, NOW, NEXT_SLOT]),
)


@given(st.lists(calls, max_size=12))
def test_every_place_is_taken_kept_or_given_back_and_only_one_of_these(
    history: list[tuple[dict[int, int], dict[int, list[EndedAttempt]], datetime]],
) -> None:
    seen = known()
    ended_before: Counter[int] = Counter()
    taken: Counter[int] = Counter()
    left: Counter[int] = Counter()
    names: list[str] = []
    for number, (wanted, ended, now) in enumerate(history):
        asked = {pk: [100 * number + n for n in range(count)] for pk, count in wanted.items()}
        turns = seen.exchange(asked, _named(ended, number), now)
        for endpoint_id, given_back in turns.left.items():
            left[endpoint_id] += len(given_back)
            names += [one.error for one in given_back]
        ended_before.update({pk: len(these) for pk, these in ended.items()})
        for endpoint_id, deliveries in turns.taken.items():
            taken[endpoint_id] += len(deliveries)
            assert endpoint_id in KNOWN
            assert deliveries == asked[endpoint_id][: len(deliveries)]
            assert all(_may_change_hands(one, now) for one in ended.get(endpoint_id, []))
        for endpoint_id in asked:
            assert taken[endpoint_id] + left[endpoint_id] <= ended_before[endpoint_id]
    for endpoint_id, given_back in seen.given_up().items():
        left[endpoint_id] += len(given_back)
        names += [one.error for one in given_back]
    assert taken + left == ended_before
    assert len(set(names)) == len(names), "a place was given back twice"


def _named(
    ended: Mapping[int, Sequence[EndedAttempt]], number: int
) -> dict[int, list[EndedAttempt]]:
    """Tell attempts apart by their errors."""
    return {
        pk: [replace(one, error=f"{number}.{pk}.{n}") for n, one in enumerate(these)]
        for pk, these in ended.items()
    }


def _may_change_hands(attempt: EndedAttempt, now: datetime) -> bool:
    return attempt.outcome is Outcome.SUCCESS and attempt.slot == slot_of(now)


def send(endpoint: Endpoint, count: int) -> list[int]:
    """Send messages; give their deliveries."""
    messages = [Message(to=endpoint, context={"id": str(n), "order": {}}) for n in range(count)]
    notify_many("payment.settled", messages)
    return list(Delivery.objects.order_by("pk").values_list("pk", flat=True))


_random = Random(4711)


class Thought(threading.Event):
    """What a receiver takes before it answers: nobody sets it."""

    def wait(self, timeout: float | None = None) -> bool:
        return super().wait(_random.uniform(0.05, 0.35))


def in_flight() -> int:
    return sum(EndpointLane.objects.get().taken.values())


def begun(delivery_ids: Sequence[int], *, after: Sequence[Ended] = ()) -> list[Ended]:
    """Record attempts and begin others; give what is to be recorded when these have succeeded."""
    found = take_turns([*after, *(Asked(pk, pk) for pk in delivery_ids)])
    result = SendResult(outcome=Outcome.SUCCESS)
    sendables = [one for one in found if isinstance(one, Sendable)]
    return [deliver.ended(one, clock.now(), result) for one in sendables]


@pytest.fixture
def calls_of(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count turns, and how often a lane's row is written."""
    counted: Counter[str] = Counter()

    def count(module: ModuleType, name: str) -> None:
        function = getattr(module, name)

        def counting(*args: Any, **kwargs: Any) -> Any:
            counted[name] += 1
            return function(*args, **kwargs)

        monkeypatch.setattr(module, name, counting)

    count(lanes, "admit_deliveries")
    count(rows, "write")
    return counted


def run_all_with(concurrency: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run what there is as a worker does, with so many handlers side by side."""
    found = replace(task_types()[DELIVER], max_concurrency=concurrency)
    monkeypatch.setitem(registry._types, DELIVER, found)
    while Notification.objects.unfinished().exists():
        due = [lane for lane in waiting_lanes() if lane.first_run_after <= clock.now()]
        tasks = take_due([(lane, 1_000) for lane in due], [DELIVER], now=clock.now()) if due else []
        execute(DELIVER, [task.id for task in tasks], worker="test")
        process = worker_process.current()
        assert process.loop.wait_until_idle(seconds=60)
        process.outcomes.flush()
        wake_waiting()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("concurrency", [20, 100])
def test_no_more_are_under_way_than_the_lane_has_places(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    calls_of: Counter[str],
    concurrency: int,
) -> None:
    """With as many handlers as places, and with so many more that most deliveries wait for room."""
    Endpoint.objects.update(max_concurrency=20)
    receiver.plan(*[Reply(hold=Thought())] * 300)
    send(endpoint, 300)
    run_all_with(concurrency, monkeypatch)
    assert len({one.headers["webhook-id"] for one in receiver.received}) == 300
    assert len(receiver.received) == 300
    assert 1 < receiver.most_at_once <= 20
    assert Notification.objects.filter(state="sent").count() == 300
    wait_until(lambda: not in_flight(), what="the lane to be empty")
    assert not places.keeps_some
    assert calls_of["write"] < 1.5 * calls_of["admit_deliveries"]


@pytest.mark.django_db
def test_a_stream_of_deliveries_writes_to_the_lane_when_it_begins_and_when_it_ends(
    paid: TemplateVersion, endpoint: Endpoint, calls_of: Counter[str]
) -> None:
    Endpoint.objects.update(max_concurrency=20)
    with clock.frozen(clock.now()):
        waiting = send(endpoint, 300)
        under_way = begun(take(waiting, 20))
        while waiting:
            done = take(under_way, 5)
            under_way += begun(take(waiting, 5), after=done)
            assert len(under_way) == 20 == in_flight()
        assert calls_of == {"admit_deliveries": 57, "write": 1}
        begun([], after=under_way)
        give_up_places()  # as the worker does when nobody asks any more
    assert calls_of["write"] == 2
    assert (in_flight(), places.keeps_some) == (0, False)
    assert Notification.objects.filter(state="sent").count() == 300


Some = TypeVar("Some")


def take(some: list[Some], count: int) -> list[Some]:
    """Remove the first of a list, and give them."""
    taken, some[:] = some[:count], some[count:]
    return taken


@pytest.mark.django_db(transaction=True)
def test_a_place_that_is_kept_goes_back_when_the_asking_stops(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    first, second, third = send(endpoint, 3)
    done = begun([first, second])
    assert in_flight() == 2

    async def together() -> list[object]:
        turns: list[Turn] = [*done, Asked(third, third)]
        return await asyncio.gather(*(deliver._take_turn(one) for one in turns))

    loop = worker_process.current().loop.loop
    *_, follower = asyncio.run_coroutine_threadsafe(together(), loop).result(30)
    assert isinstance(follower, Sendable)
    wait_until(lambda: not places.keeps_some, what="the place of one to be given up")
    wait_until(lambda: in_flight() == 1, what="the lane to have it back")


@pytest.mark.django_db
def test_a_process_that_stops_gives_back_what_it_keeps(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    first, second, third = send(endpoint, 3)
    with clock.frozen(clock.now()):
        begun([third], after=begun([first, second]))
        assert (in_flight(), places.keeps_some) == (2, True)
        close_all(None)
    assert (in_flight(), places.keeps_some) == (1, False)


@pytest.mark.django_db(transaction=True)
def test_a_place_is_not_kept_of_an_end_that_could_not_be_recorded(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    first, second = send(endpoint, 2)
    with clock.frozen(clock.now()):
        [done] = begun([first])
        wrong = replace(done, channel="\x00")
        [problem, follower] = take_turns([wrong, Asked(second, second)])
    assert isinstance(problem, Exception)
    assert isinstance(follower, Sendable)
    assert (in_flight(), places.keeps_some) == (2, False)


@pytest.mark.django_db(transaction=True)
def test_places_that_could_not_be_given_back_are_kept(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    first, second, third = send(endpoint, 3)
    with clock.frozen(clock.now()):
        begun([third], after=begun([first, second]))
        with transaction.atomic():
            transaction.set_rollback(True)
            with pytest.raises(TransactionManagementError):
                give_up_places()
        assert (in_flight(), places.keeps_some) == (2, True)
        give_up_places()
    assert (in_flight(), places.keeps_some) == (1, False)


@pytest.mark.django_db
def test_an_endpoint_that_is_gone_gets_no_places_back() -> None:
    release({999_999: [EndedAttempt(slot=0, outcome=Outcome.SUCCESS)]})
    assert not EndpointLane.objects.exists()


def test_only_so_many_lanes_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeping, "MOST_LANES", 2)
    seen, now = Places(), clock.now()
    ended = {pk: [EndedAttempt(slot=slot_of(now), outcome=Outcome.SUCCESS)] for pk in (1, 2, 3)}
    for pk in ended:
        seen.saw(pk, Lane(), RULE, now)
    assert seen.exchange({pk: [pk] for pk in ended}, ended, now).taken == {3: [3]}
