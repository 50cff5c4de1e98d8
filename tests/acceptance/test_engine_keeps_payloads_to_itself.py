"""What a payload holds is in no log, no broker message and no event."""

import json

import pytest
import redis
from django.db import connection

import tasks_core
from tasks_core.broker.redis_client import key
from tasks_core.models import Task
from tests.acceptance.processes import Processes
from tests.project import task_types  # noqa: F401 (registers the task types)
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(180)]

WORD = "xyzzy-4711-plugh"


def _everything_in(client: "redis.Redis") -> str:
    """Return all keys of the broker with their values."""
    found = []
    for name in client.scan_iter("*"):
        kind = client.type(name)
        if kind == b"list":
            found.append(repr((name, client.lrange(name, 0, -1))))
        elif kind == b"hash":
            found.append(repr((name, client.hgetall(name))))
        elif kind == b"string":
            found.append(repr((name, client.get(name))))
    return "\n".join(found)


def _events() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(jsonb_agg(to_jsonb(e)), '[]') FROM tasks_core_taskevent e")
        return json.dumps(cursor.fetchone()[0])


@pytest.mark.guarantee(n=1)
@pytest.mark.guarantee(n=4)
def test_payload_is_nowhere_but_in_its_row(processes: Processes, broker: "redis.Redis") -> None:
    processes.start_beat()
    for kind in ("work", "wait", "fail"):
        tasks_core.enqueue(f"project.{kind}", {"note": WORD})
    wait_until(lambda: Task.objects.filter(state="QUEUED").count() == 3, what="all are published")
    published = _everything_in(broker)
    assert "project.work" in published

    processes.start_worker("one", "--loglevel", "DEBUG")
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60, what="all tasks end")
    wait_until(lambda: broker.llen(key("dlq")) == 1, what="the dead letter is announced")

    logs = processes.log("one") + processes.log("beat")
    assert "project.fail" in logs
    for place, text in (
        ("broker before", published),
        ("broker after", _everything_in(broker)),
        ("logs", logs),
        ("events", _events()),
    ):
        assert WORD not in text, place
