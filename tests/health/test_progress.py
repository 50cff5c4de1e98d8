"""Tasks that are handed to the broker and come to nothing are sent again and again, and that is told."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.duties.recovery import recover_messages
from tasks_core.engine import decision
from tasks_core.health import Finding, Level, examine
from tasks_core.models import Task, Worker
from tasks_core.sql.recover import advance_lane
from tests.support.life import plain_type, write
from tests.support.life import take as claim
from tests.support.messages import next_message

STEP = 3
"""Seconds between two rounds of beat."""


@pytest.fixture(autouse=True)
def known_type(settings: Settings) -> None:
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "LOST_MESSAGE_SECONDS": 10.0,
        "PUBLISH_ON_COMMIT": False,
    }
    plain_type()


def _live(
    broker: "redis.Redis", *, seconds: int, worker: Callable[[list[int]], None]
) -> dict[int, Finding]:
    """Let beat and a worker work for a while, by a clock of their own; return the worst found by the second.

    ``worker`` gets the ids of each message.
    """
    dispatcher, began = Dispatcher(), clock.now()
    found = {}
    for second in range(0, seconds, STEP):
        with clock.frozen(began + timedelta(seconds=second)):
            Worker.objects.update(heartbeat_at=clock.now())
            recover_messages()
            dispatcher.dispatch()
            while message := next_message(broker, "default.normal"):
                worker(message.ids)
        with clock.frozen(began + timedelta(seconds=second + STEP - 0.1)):
            found[second + STEP] = _worst()
    return found


def _worst() -> Finding:
    return max(examine(["progress"]), key=lambda finding: list(Level).index(finding.level))


def _drop(ids: list[int]) -> None:
    """Take a message and do nothing, as a process does whose claims fail, or a stranger."""


def _do(ids: list[int]) -> None:
    for task in claim(ids):
        write(task, decision.succeeded(None))
    advance_lane("default", 2, claimed_until=clock.now())


def test_lane_whose_messages_are_all_dropped_is_named_within_30_seconds(
    all_alive: Worker, broker: "redis.Redis"
) -> None:
    tasks_core.enqueue_many("plain", [{}] * 5)

    found = _live(broker, seconds=60, worker=_drop)

    first = next(second for second, finding in found.items() if finding.level is not Level.HEALTHY)
    assert first <= 30
    assert found[first].level is Level.UNHEALTHY
    assert "lane default.normal: 5 tasks have been handed to the broker" in found[first].message
    assert f"its workers are {all_alive.name}" in found[first].message
    assert Level.HEALTHY not in {
        finding.level for second, finding in found.items() if second > first
    }


@pytest.mark.usefixtures("all_alive")
def test_tasks_that_are_lost_again_are_told_while_others_of_their_lane_run(
    broker: "redis.Redis",
) -> None:
    unlucky, *_ = tasks_core.enqueue_many("plain", [{}] * 5)

    def worker(ids: list[int]) -> None:
        _do([task_id for task_id in ids if task_id != unlucky])

    found = _live(broker, seconds=36, worker=worker)

    assert found[12].level is Level.HEALTHY
    assert found[30].level is Level.DEGRADED
    assert "1 tasks have lost their message again and again: somebody" in found[30].message
    tasks_core.cancel(unlucky, reason="test")
    assert _worst().level is Level.HEALTHY


@pytest.mark.usefixtures("all_alive")
def test_loss_that_is_mended_is_no_standstill(broker: "redis.Redis") -> None:
    tasks_core.enqueue_many("plain", [{}] * 5)
    messages = 0

    def worker(ids: list[int]) -> None:
        nonlocal messages
        messages += 1
        if messages > 1:
            _do(ids)

    found = _live(broker, seconds=40, worker=worker)

    assert {finding.level for finding in found.values()} == {Level.HEALTHY}
    assert not Task.objects.unfinished().exists()


def test_lane_whose_workers_are_full_of_plain_tasks_is_not_unhealthy(
    all_alive: Worker, broker: "redis.Redis"
) -> None:
    """They have no rows by which one could know them, but no probe message comes back either."""
    tasks_core.enqueue("plain", {})
    began = clock.now()

    with clock.frozen(began):
        Worker.objects.filter(pk=all_alive.pk).update(consumed_at=began)
        found = _live(broker, seconds=60, worker=_drop)

    first = next(second for second, finding in found.items() if finding.level is not Level.HEALTHY)
    assert first <= 30
    assert found[first].level is Level.DEGRADED
    assert "all processes are taken" in found[first].message
    assert all_alive.name in found[first].message

    with clock.frozen(began + timedelta(seconds=60)):
        Worker.objects.filter(pk=all_alive.pk).update(consumed_at=clock.now())
        assert _worst().level is Level.UNHEALTHY


@pytest.mark.usefixtures("all_alive")
def test_messages_that_wait_are_another_matter(broker: "redis.Redis") -> None:
    tasks_core.enqueue("plain", {})
    Dispatcher().dispatch()
    with clock.frozen(clock.now() + timedelta(seconds=25)):
        assert _worst().level is Level.HEALTHY


def test_lane_whose_worker_is_busy_is_not_judged(all_alive: Worker, broker: "redis.Redis") -> None:
    running, _ = tasks_core.enqueue_many("plain", [{}] * 2)
    Dispatcher().dispatch()
    while next_message(broker, "default.normal"):
        continue
    claim([running], worker=f"{all_alive.name}:7")
    with clock.frozen(clock.now() + timedelta(seconds=25)):
        Worker.objects.update(heartbeat_at=clock.now())
        assert _worst().level is Level.HEALTHY
        Task.objects.filter(pk=running).update(lease_until=clock.now() - timedelta(seconds=1))
        assert _worst().level is Level.UNHEALTHY


def test_process_that_takes_messages_in_vain_is_named(all_alive: Worker) -> None:
    Worker.objects.filter(pk=all_alive.pk).update(
        vain_processes=["process 7 took messages 9 times in 25 s and began none (UndefinedTable)"]
    )
    finding = _worst()
    assert finding.level is Level.DEGRADED
    assert f"worker {all_alive.name} on host.internal: process 7 took messages 9" in finding.message
    assert "end that process" in finding.remedy
