"""A process that takes messages and begins none of their tasks is known by its id."""

import os
from collections.abc import Iterator

import pytest
from celery import current_app
from django.db import Error, connection, transaction

import tasks_core
from tasks_core import vain_messages
from tasks_core.executor import execute
from tasks_core.vain_messages import FEWEST, found
from tests.tasks_core.life import plain_type, queued

pytestmark = pytest.mark.usefixtures("transactional_db")


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let a few messages in a row be enough, however quickly they come."""
    monkeypatch.setattr(vain_messages, "SECONDS", 0.0)
    plain_type()
    vain_messages._clear()
    yield
    vain_messages._clear()


def _in_vain() -> None:
    for _ in range(FEWEST):
        assert execute("plain", [2**62], worker="test:1") == 0


def test_messages_that_hold_nothing_to_begin_are_counted() -> None:
    _in_vain()
    [vain] = found()
    assert (vain.pid, vain.messages, vain.error) == (os.getpid(), FEWEST, "")
    assert f"process {os.getpid()} took messages {FEWEST} times" in str(vain)


def test_one_message_is_no_accusation() -> None:
    execute("plain", [2**62], worker="test:1")
    assert found() == []


def test_task_that_begins_ends_the_series() -> None:
    _in_vain()
    execute("plain", [queued()], worker="test:1")
    assert found() == []
    execute("plain", [2**62], worker="test:1")
    assert found() == []


def test_short_series_is_no_accusation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vain_messages, "SECONDS", 60.0)
    _in_vain()
    assert found() == []


def test_series_that_has_ended_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    _in_vain()
    monkeypatch.setattr(vain_messages, "FORGOTTEN_SECONDS", 0.0)
    assert found() == []


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
