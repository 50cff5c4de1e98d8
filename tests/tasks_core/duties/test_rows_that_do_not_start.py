"""One row whose change somebody's trigger or constraint refuses keeps no other from starting."""

import logging
from datetime import timedelta
from typing import Any

import pytest
import redis

import tasks_core
from tasks_core import HIGH, LOW, NORMAL, clock
from tasks_core.database import row_backoff
from tasks_core.duties.ageing import promote
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.duties.recovery import recover_attempts
from tasks_core.engine.states import State
from tasks_core.models import Task
from tasks_core.sql.recover import advance_lane
from tasks_core.worker.executor import execute
from tests.support.life import LEASE, plain_type, queue, state_of, states, take
from tests.support.messages import waiting
from tests.support.refusing import CHECK, RAISED, refusing
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")

POISON = "OLD.payload @> '{\"poison\": true}'"
BAD: dict[str, Any] = {"poison": True}

each_code = pytest.mark.parametrize("code", [CHECK, RAISED])


@pytest.fixture(autouse=True)
def known_type() -> None:
    plain_type()


def _refusing(change: str, code: str = CHECK) -> Any:
    return refusing("tasks_core_task", f"{POISON} AND {change}", code=code)


@each_code
def test_all_others_are_dispatched(
    code: str, broker: "redis.Redis", caplog: pytest.LogCaptureFixture
) -> None:
    ids = tasks_core.enqueue_many("plain", [{}, BAD, {}, BAD, {}])
    urgent = tasks_core.enqueue("plain", {}, priority=HIGH).pk
    dispatcher = Dispatcher()

    with _refusing("NEW.state = 'QUEUED'", code), caplog.at_level(logging.ERROR):
        assert dispatcher.dispatch().dispatched == 4
        assert dispatcher.dispatch().dispatched == 0
        later = tasks_core.enqueue("plain", {}).pk
        assert dispatcher.dispatch().dispatched == 1

    assert [state_of(task_id) for task_id in ids] == [
        State.QUEUED,
        State.SCHEDULED,
        State.QUEUED,
        State.SCHEDULED,
        State.QUEUED,
    ]
    sent = [pk for one in waiting(broker, "default.normal") for pk in one.ids]
    assert sorted(sent) == sorted([ids[0], ids[2], ids[4], later])
    assert [one.ids for one in waiting(broker, "default.high")] == [[urgent]]
    (said,) = [
        r.getMessage() for r in caplog.records if r.name == "tasks_core.database.row_backoff"
    ]
    assert "cannot be queued" in said


@pytest.mark.usefixtures("broker")
def test_task_is_dispatched_once_its_obstacle_is_gone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(row_backoff, "FIRST_PAUSE", 0.0)
    tasks_core.enqueue("plain", BAD)
    dispatcher = Dispatcher()
    with _refusing("NEW.state = 'QUEUED'"):
        assert dispatcher.dispatch().dispatched == 0
    assert dispatcher.dispatch().dispatched == 1


@pytest.mark.usefixtures("broker")
def test_task_of_an_unknown_type_that_cannot_be_set_aside_stops_no_lane() -> None:
    bad = tasks_core.enqueue("plain", BAD).pk
    Task.objects.filter(pk=bad).update(task_type="unknown")
    tasks_core.enqueue("plain", {}, priority=LOW)
    good = tasks_core.enqueue("plain", {}).pk

    with _refusing("NEW.run_after <> OLD.run_after"):
        assert Dispatcher().dispatch().dispatched == 2
    assert state_of(good) is State.QUEUED


@each_code
def test_all_others_of_a_message_are_claimed(code: str) -> None:
    tasks_core.enqueue_many("plain", [{}, {}, BAD, {}])
    ids = queue()

    with _refusing("NEW.state = 'RUNNING'", code):
        assert execute("plain", ids, worker="w") == 3
        wait_until(lambda: states() == {State.SUCCEEDED: 3, State.SCHEDULED: 1})
    assert state_of(ids[2]) is State.SCHEDULED
    with clock.frozen(clock.now() + timedelta(minutes=2)):
        assert execute("plain", queue(), worker="w") == 1
    wait_until(lambda: states() == {State.SUCCEEDED: 4})


@each_code
def test_all_others_that_starve_move_up(code: str) -> None:
    ids = tasks_core.enqueue_many("plain", [BAD, {}, {}], priority=LOW)
    queue()
    now = clock.now() + timedelta(seconds=61)
    advance_lane("default", HIGH, claimed_until=now)

    with clock.frozen(now), _refusing("NEW.priority <> OLD.priority", code):
        assert promote() == 2
        assert promote() == 0

    found = Task.objects.filter(pk__in=ids).order_by("pk").values_list("priority", "state")
    assert list(found) == [
        (LOW, State.QUEUED),
        (NORMAL, State.SCHEDULED),
        (NORMAL, State.SCHEDULED),
    ]


@each_code
def test_lost_attempts_are_recovered_beside_one_whose_company_cannot_be_noted(code: str) -> None:
    ids = tasks_core.enqueue_many("plain", [{}, {}, BAD])
    queue()
    take(ids, worker="one@test:17")
    later = clock.now() + 2 * LEASE
    Task.objects.filter(pk=ids[2]).update(lease_until=later + LEASE)

    with clock.frozen(later), _refusing("NEW.claimed_with <> OLD.claimed_with", code):
        assert recover_attempts() == 2
    assert states() == {State.RUNNING: 1, State.SCHEDULED: 2}
