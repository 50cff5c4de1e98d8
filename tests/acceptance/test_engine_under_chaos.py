"""Two dispatchers, four workers, and a broker that loses, repeats, delays and mixes up messages."""

import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import redis

import tasks_core
from tasks_core.broker.redis_client import key
from tasks_core.engine.states import State
from tasks_core.models import Task, TaskEvent
from tests.acceptance.processes import Processes
from tests.project import journal, task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(240)]

TASKS = 50_000
LANE = "default.normal"


class Chaos(threading.Thread):
    """Takes messages out of a lane and drops them, or puts them back twice, late or last."""

    def __init__(self, client: "redis.Redis") -> None:
        super().__init__(daemon=True)
        self._client = client
        self._ended = threading.Event()
        self._rng = random.Random(7)
        self._kept: list[bytes] = []
        self.dropped = self.repeated = 0

    def run(self) -> None:
        while not self._ended.wait(0.01):
            message = self._client.rpop(key(LANE))
            if isinstance(message, bytes):
                self._play_with(message)

    def _play_with(self, message: bytes) -> None:
        match self._rng.choice(["drop", "repeat", "keep", "return", "return"]):
            case "drop":
                self.dropped += 1
            case "repeat":
                self.repeated += 1
                self._client.lpush(key(LANE), message, message)
            case "keep":
                self._kept.append(message)
            case _:
                self._client.lpush(key(LANE), message, *self._kept)
                self._kept.clear()

    def end(self) -> None:
        self._ended.set()
        self.join(10)


@contextmanager
def _chaos(client: "redis.Redis") -> Iterator[Chaos]:
    chaos = Chaos(client)
    chaos.start()
    yield chaos
    chaos.end()


def test_every_task_succeeds_once_and_no_attempts_overlap(
    processes: Processes, broker: "redis.Redis"
) -> None:
    for number in range(4):
        processes.start_worker(f"worker-{number}", concurrency=1)
    processes.start_beat("first-beat")
    processes.start_beat("second-beat")

    with _chaos(broker) as chaos:
        ids = tasks_core.enqueue_many("project.work", [{}] * TASKS)
        wait_until(
            lambda: Task.objects.filter(state=State.SUCCEEDED).count() > TASKS // 2,
            seconds=120,
            what="half of the tasks are done",
        )
    wait_until(
        lambda: not Task.objects.unfinished().exists(), seconds=120, what="all tasks are done"
    )

    assert chaos.dropped > 5
    assert chaos.repeated > 5
    begun = journal.begun(processes.journal)
    assert sorted(begun) == ids
    assert {len(lines) for lines in begun.values()} == {1}
    assert journal.overlaps(processes.journal) == []
    assert TaskEvent.objects.filter(kind="completed").count() == TASKS
    assert TaskEvent.objects.filter(kind="lost").exists()
