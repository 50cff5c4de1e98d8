"""A process that takes messages and begins none of their tasks is known by its id."""

import os
from collections.abc import Iterator

import pytest
from celery import current_app
from django.db import Error, connection, transaction

import tasks_core
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.worker import process, vain_messages
from tasks_core.worker.executor import execute
from tasks_core.worker.vain_messages import FEWEST, found
from tests.support.life import plain_type, queued
from tests.support.refusing import refusing
from tests.support.waiting import wait_until

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a few messages in a row be enough, however quickly they come."""
    monkeypatch.setattr(vain_messages, "SECONDS", 0.0)
    plain_type()
    vain_messages._clear()
    yield
    vain_messages._clear()


@pytest.fixture
def no_claims() -> Iterator[None]:
    """Let no claim take anything, and none fail, as a row security policy does."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION keep() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;"
            "CREATE TRIGGER keep BEFORE UPDATE ON tasks_core_task FOR EACH ROW "
            "WHEN (NEW.state = 'RUNNING') EXECUTE FUNCTION keep()"
        )
    yield
    _allow()


def _allow() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP FUNCTION IF EXISTS keep() CASCADE")


def _in_vain(messages: int = FEWEST) -> None:
    for _ in range(messages):
        assert execute("plain", [queued()], worker="test:1") == 0
        wait_until(lambda: process.current().passed_over.is_empty)


@pytest.mark.usefixtures("no_claims")
def test_messages_of_which_nothing_can_be_begun_are_counted() -> None:
    _in_vain()
    wait_until(lambda: bool(found()))
    [vain] = found()
    assert (vain.pid, vain.messages, vain.error) == (os.getpid(), FEWEST, "")
    assert f"process {os.getpid()} took messages {FEWEST} times" in str(vain)


@pytest.mark.usefixtures("no_claims")
def test_one_message_is_no_accusation() -> None:
    _in_vain(1)
    assert found() == []


def test_messages_of_tasks_that_have_ended_are_no_accusation() -> None:
    cancelled = [queued() for _ in range(FEWEST)]
    tasks_core.cancel_many(cancelled, reason="not wanted any more")
    for task_id in [*cancelled, 2**62]:
        assert execute("plain", [task_id], worker="test:1") == 0
        wait_until(lambda: process.current().passed_over.is_empty)
    assert found() == []


@pytest.mark.usefixtures("no_claims")
def test_task_that_begins_ends_the_series() -> None:
    _in_vain()
    wait_until(lambda: bool(found()))
    _allow()
    execute("plain", [queued()], worker="test:1")
    assert found() == []


@pytest.mark.usefixtures("no_claims")
def test_short_series_is_no_accusation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vain_messages, "SECONDS", 60.0)
    _in_vain()
    assert found() == []


def _fail() -> None:
    vain_messages.note_failure(OSError("away"))


def test_series_that_has_ended_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(FEWEST):
        _fail()
    monkeypatch.setattr(vain_messages, "FORGOTTEN_SECONDS", 0.0)
    assert found() == []


def test_failures_that_lie_far_apart_are_no_series(monkeypatch: pytest.MonkeyPatch) -> None:
    _fail()
    with monkeypatch.context() as later:
        later.setattr(vain_messages, "FORGOTTEN_SECONDS", 0.0)
        _fail()
    assert found() == []
    _fail()
    assert len(found()) == 1


def test_message_whose_tasks_all_refuse_to_be_claimed_says_why() -> None:
    task_id = queued()
    with refusing("tasks_core_task", "NEW.state = 'RUNNING'"):
        for _ in range(FEWEST):
            Task.objects.filter(pk=task_id).update(state="QUEUED", queued_at=clock.now())
            assert execute("plain", [task_id], worker="test:1") == 0
    [vain] = found()
    assert (vain.messages, vain.error) == (FEWEST, "CheckViolation")


def test_message_that_cannot_be_taken_says_why() -> None:
    task = tasks_core.enqueue("plain", {})
    for _ in range(FEWEST):
        with transaction.atomic():
            with pytest.raises(Error), connection.cursor() as cursor:
                cursor.execute("SELECT 1 / 0")
            with pytest.raises(Error):
                current_app.tasks["plain"]([task.pk])
            transaction.set_rollback(True)
    [vain] = found()
    assert (vain.messages, vain.error) == (FEWEST, "InFailedSqlTransaction")
