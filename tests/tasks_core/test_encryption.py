"""A worker that lacks the key of a secret costs its task time, and no attempt."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured
from pydantic import BaseModel, SecretStr
from pytest_django import Settings

import tasks_core
from tasks_core import Fixed, clock
from tasks_core.encryption import KeyMissing, seal, unseal
from tasks_core.engine.states import State
from tasks_core.events.rebuilding import rebuild_task
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tasks_core.worker import attempt
from tests.support.life import events_of, state_of

pytestmark = pytest.mark.usefixtures("transactional_db")

NOON = datetime(2026, 5, 4, 12, tzinfo=UTC)
OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))

Keys = Callable[..., None]


@pytest.fixture
def keys(settings: Settings) -> Keys:
    def use(*keys: str) -> None:
        settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": list(keys)}

    use(OLD)
    return use


class Charge(BaseModel):
    token: SecretStr


@pytest.fixture
def charged() -> list[str]:
    """Register handlers of each kind that take a secret and have one attempt; give what they got."""
    got: list[str] = []

    @tasks_core.task_type("charge", retry=Fixed(max_attempts=1))
    def charge(payload: Charge) -> None:
        got.append(payload.token.get_secret_value())

    @tasks_core.task_type("charge.async", retry=Fixed(max_attempts=1))
    async def charge_async(payload: Charge) -> None:
        got.append(payload.token.get_secret_value())

    @tasks_core.task_type("charge.batch", retry=Fixed(max_attempts=1), batch=True)
    def charge_batch(items: list[tasks_core.BatchItem[Charge]]) -> list[None]:
        got.extend(item.payload.token.get_secret_value() for item in items)
        return [None] * len(items)

    return got


@pytest.mark.parametrize("kind", ["charge", "charge.async", "charge.batch"])
def test_task_waits_until_a_worker_has_its_key(
    keys: Keys, charged: list[str], kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    keys(NEW, OLD)
    with clock.frozen(NOON):
        task_id = tasks_core.enqueue(kind, {"token": "tok_1"}).pk
    for minute in range(3):
        keys(OLD)
        with clock.frozen(NOON + timedelta(minutes=minute)):
            run_due()
        assert state_of(task_id) is State.SCHEDULED
    keys(NEW, OLD)
    with clock.frozen(NOON + timedelta(minutes=3)):
        run_due()

    task = Task.objects.get(pk=task_id)
    assert (task.state, task.attempts_used, charged) == (State.SUCCEEDED, 1, ["tok_1"])
    assert events_of(task_id).count("released") == 3
    assert f"task {task_id} waits for 60 s: none of the ENCRYPTION_KEYS opens" in caplog.text
    assert rebuild_task(task_id) == []


def test_neighbour_in_the_batch_does_not_wait(keys: Keys, charged: list[str]) -> None:
    keys(NEW, OLD)
    tasks_core.enqueue("charge.batch", {"token": "new"})
    keys(OLD)
    tasks_core.enqueue("charge.batch", {"token": "old"})
    run_due()

    assert charged == ["old"]
    assert not DeadLetter.objects.exists()


def test_key_that_a_handler_misses_is_waited_for_as_well(keys: Keys) -> None:
    sealed = seal("kept elsewhere")

    @tasks_core.task_type("opens", retry=Fixed(max_attempts=1))
    def opens(payload: dict[str, Any]) -> str:
        return unseal(sealed)

    task_id = tasks_core.enqueue("opens", {}).pk
    keys(NEW)
    run_due()

    assert state_of(task_id) is State.SCHEDULED


def test_wait_grows_and_has_an_end(
    keys: Keys, charged: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt, "KEY_PATIENCE", timedelta(hours=8))
    with clock.frozen(NOON):
        task_id = tasks_core.enqueue("charge", {"token": "tok_1"}).pk
    keys(NEW)
    waits = []
    now = NOON
    while state_of(task_id) is State.SCHEDULED:
        with clock.frozen(now):
            run_due()
        later = Task.objects.get(pk=task_id).run_after
        waits.append((later - now).total_seconds())
        now = max(later, now + timedelta(seconds=1))

    assert waits[:6] == [60, 60, 60, 60, 60, 75]
    assert max(waits) == 1800
    assert state_of(task_id) is State.DEAD
    assert timedelta(hours=8) <= now - NOON < timedelta(hours=9)


def test_damaged_secret_is_not_taken_for_a_missing_key(keys: Keys) -> None:
    sealed = seal("x")
    for damaged in ("", "x", sealed[:-4], sealed[4:]):
        with pytest.raises(ImproperlyConfigured, match="is damaged") as raised:
            unseal(damaged)
        assert not isinstance(raised.value, KeyMissing)
    keys(NEW)
    with pytest.raises(KeyMissing):
        unseal(sealed)
    keys()
    with pytest.raises(KeyMissing):
        unseal(sealed)


@pytest.mark.parametrize("kind", ["charge", "charge.async", "charge.batch"])
def test_a_key_that_is_none_holds_no_task(keys: Keys, charged: list[str], kind: str) -> None:
    ids = tasks_core.enqueue_many(kind, [{"token": "tok_1"}] * 3)
    keys("mistyped", OLD)
    run_due()
    assert {state_of(task_id) for task_id in ids} == {State.SCHEDULED}
    assert {task.attempts_used for task in Task.objects.all()} == {0}
    keys(OLD)
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        run_due()
    assert charged == ["tok_1"] * 3


@pytest.mark.parametrize("token", [5, None, "é", "short", ["x"]])
def test_a_secret_that_was_damaged_fails_its_task(
    keys: Keys, charged: list[str], token: object
) -> None:
    task_id = tasks_core.enqueue("charge", {"token": "tok_1"}).pk
    other = tasks_core.enqueue("charge", {"token": "tok_2"}).pk
    Task.objects.filter(pk=task_id).update(payload={"token": {"$sealed": token}})
    run_due()
    assert (state_of(task_id), state_of(other)) == (State.DEAD, State.SUCCEEDED)
    assert "damaged" in DeadLetter.objects.get().message
