"""`enqueue_task`."""

import io
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from tasks_core import clock
from tasks_core.models import RetryPolicy, Task
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_it_stores_what_was_asked_for(run: Run) -> None:
    policy = RetryPolicy.objects.create(name="patient")
    with clock.frozen(NOW):
        run(
            "enqueue_task", "invoice.remind", "--payload", '{"invoice": 7}', "--delay", "2h",
            "--expires-at", "2026-03-02T12:00+01:00", "--priority", "high", "--queue", "slow",
            "--idempotency-key", "k", "--retry-policy", "patient", "--tag", "a", "--tag", "b",
            "--correlation-id", "c",
        )  # fmt: skip
    task = Task.objects.get()
    assert task.payload == {"invoice": 7, "note": ""}
    assert task.run_after == NOW + timedelta(hours=2)
    assert task.expires_at == datetime(2026, 3, 2, 11, tzinfo=UTC)
    assert (task.queue_name, task.priority) == ("slow", 1)
    assert (task.idempotency_key, task.correlation_id) == ("k", "c")
    assert task.retry_policy == policy
    assert task.tags == ["a", "b"]


def test_the_stored_task_is_shown(run: Run) -> None:
    shown = run("enqueue_task", "invoice.remind", "--payload", '{"invoice": 7}', "--format", "json")
    assert json.loads(shown.out)["id"] == Task.objects.get().pk


def test_a_second_task_with_the_key_is_not_made(run: Run) -> None:
    words = ("enqueue_task", "login.check", "--idempotency-key", "k", "--format", "json")
    payload = ("--payload", '{"user": "ada", "code": "1"}')
    first, second = (json.loads(run(*words, *payload).out)["id"] for _ in range(2))
    assert first == second
    assert Task.objects.count() == 1


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_the_payload_may_come_from_standard_input(
    run: Run, monkeypatch: pytest.MonkeyPatch, mark: str
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(mark + '{"invoice": 9}'))
    run("enqueue_task", "invoice.remind", "--payload", "-")
    assert Task.objects.get().payload["invoice"] == 9


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_the_payload_may_come_from_a_file_as_editors_write_it(
    run: Run, tmp_path: Path, encoding: str
) -> None:
    (tmp_path / "payload.json").write_text('{"invoice": 10}', encoding)
    run("enqueue_task", "invoice.remind", "--payload", f"@{tmp_path / 'payload.json'}")
    assert Task.objects.get().payload["invoice"] == 10


def test_a_file_in_another_encoding_is_named(run: Run, tmp_path: Path) -> None:
    (tmp_path / "payload.json").write_bytes('{"note": "caf\u00e9"}'.encode("latin-1"))
    with pytest.raises(CommandError, match=r"payload\.json is not text in UTF-8"):
        run("enqueue_task", "invoice.remind", "--payload", f"@{tmp_path / 'payload.json'}")


def test_a_payload_that_says_one_thing_twice_is_refused(run: Run) -> None:
    with pytest.raises(CommandError, match="it has the name 'invoice' twice in one object"):
        run("enqueue_task", "invoice.remind", "--payload", '{"invoice": 1, "invoice": 2}')
    assert not Task.objects.exists()


def test_a_file_that_cannot_be_read_is_named(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"--payload: .*nothing\.json cannot be read: No such"):
        run("enqueue_task", "invoice.remind", "--payload", f"@{tmp_path / 'nothing.json'}")


def test_text_that_is_no_json_is_not_quoted(run: Run) -> None:
    with pytest.raises(CommandError, match="--payload: payload is not JSON") as refusal:
        run("enqueue_task", "login.check", "--payload", '{"code": 271828')
    assert "271828" not in str(refusal.value)


def test_an_unknown_retry_policy_is_refused_with_those_that_there_are(run: Run) -> None:
    RetryPolicy.objects.create(name="patient")
    with pytest.raises(CommandError, match="no retry policy is called 'nope'; there are: patient"):
        run(
            "enqueue_task",
            "invoice.remind",
            "--payload",
            '{"invoice": 1}',
            "--retry-policy",
            "nope",
        )


def test_a_secret_of_the_payload_is_not_shown(run: Run) -> None:
    shown = run("enqueue_task", "login.check", "--payload", '{"user": "ada", "code": "314159"}')
    assert "314159" not in shown.out + shown.err
    assert "314159" not in json.dumps(Task.objects.get().payload)
