"""`replay_dead_letters`."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from django.core.management.base import CommandError
from django.db import connection

import tasks_core
from tasks_core import registry
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.commands.conftest import MakeDead, Reminder, Run


def find_it_after_all(payload: Reminder) -> None:
    """Succeed with every invoice."""


def replays() -> Any:
    return Task.objects.exclude(replay_of=None)


@pytest.mark.django_db
def test_the_chosen_ones_become_new_tasks_linked_both_ways(run: Run, make_dead: MakeDead) -> None:
    first, second = make_dead(2)
    answer = run("replay_dead_letters", str(first.pk), "--note", "mended", "--author", "ann")
    assert answer.lines == ["1 replayed"]
    task = replays().get()
    first.refresh_from_db()
    assert (first.resolution, first.note, first.replayed_as) == (
        "replayed",
        "mended (ann, by command)",
        task,
    )
    assert task.replay_of_id == first.task_id
    assert list(DeadLetter.objects.unresolved()) == [second]


@pytest.mark.django_db
@pytest.mark.parametrize("filter_", ["--all", "--type", "--fingerprint"])
def test_filters_choose_among_the_unresolved(run: Run, make_dead: MakeDead, filter_: str) -> None:
    letters = make_dead(3)
    tasks_core.discard(letters[0].pk, note="")
    values = {"--type": ["invoice.remind"], "--fingerprint": [letters[0].fingerprint]}
    answer = run("replay_dead_letters", filter_, *values.get(filter_, []))
    assert answer.lines == ["2 replayed"]
    assert replays().count() == 2


@pytest.mark.django_db
def test_one_can_be_replayed_with_another_payload(run: Run, make_dead: MakeDead) -> None:
    [letter] = make_dead(1)
    run("replay_dead_letters", str(letter.pk), "--payload", '{"invoice": 14}')
    run_due()
    task = replays().get()
    assert (task.state, task.result) == ("SUCCEEDED", {"reminded": 14})


@pytest.mark.django_db
def test_another_payload_for_several_is_refused(run: Run, make_dead: MakeDead) -> None:
    make_dead(2)
    with pytest.raises(CommandError, match="--payload replaces the payload of one dead letter"):
        run("replay_dead_letters", "--all", "--payload", '{"invoice": 14}')
    assert not replays().exists()


@pytest.mark.django_db
def test_another_payload_that_does_not_fit_resolves_nothing(run: Run, make_dead: MakeDead) -> None:
    [letter] = make_dead(1)
    with pytest.raises(CommandError, match="1 could not be replayed"):
        run("replay_dead_letters", str(letter.pk), "--payload", '{"invoice": "x"}')
    assert not replays().exists()
    assert DeadLetter.objects.unresolved().count() == 1


@pytest.mark.django_db
def test_a_dry_run_changes_nothing(run: Run, make_dead: MakeDead) -> None:
    make_dead(2)
    assert run("replay_dead_letters", "--all", "--dry-run").lines == ["2 would be replayed"]
    assert not replays().exists()


@pytest.mark.django_db
def test_one_that_cannot_be_replayed_holds_up_no_other(run: Run, make_dead: MakeDead) -> None:
    first, second = make_dead(2)
    Task.objects.filter(pk=first.task_id).update(payload={"invoice": "no number"})
    with pytest.raises(CommandError, match="1 could not be replayed"):
        run("replay_dead_letters", "--all")
    assert list(DeadLetter.objects.unresolved()) == [first]
    second.refresh_from_db()
    assert second.resolution == "replayed"


@pytest.mark.django_db
def test_the_rate_is_kept(run: Run, make_dead: MakeDead) -> None:
    make_dead(5)
    began = time.monotonic()
    run("replay_dead_letters", "--all", "--rate", "20/s")
    assert time.monotonic() - began >= 4 / 20
    assert replays().count() == 5


@contextmanager
def worker() -> Iterator[None]:
    """Run what is due in another thread, on its own connection, as a worker would."""
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set():
            run_due()
            stop.wait(0.02)
        connection.close()

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.django_db(transaction=True)
def test_the_others_follow_a_canary_that_succeeds(run: Run, make_dead: MakeDead) -> None:
    make_dead(3)
    mended = replace(registry.task_types()["invoice.remind"], handler=find_it_after_all)
    registry._types["invoice.remind"] = mended
    with worker():
        answer = run("replay_dead_letters", "--all", "--canary")
    assert answer.lines[0].startswith("canary: waiting for task ")
    assert answer.lines[-1] == "3 replayed"


@pytest.mark.django_db(transaction=True)
def test_none_follows_a_canary_that_fails(run: Run, make_dead: MakeDead) -> None:
    make_dead(3)
    with worker(), pytest.raises(CommandError, match=r"ended DEAD: .*; no other dead letter was"):
        run("replay_dead_letters", "--all", "--canary")
    assert replays().count() == 1


@pytest.mark.django_db(transaction=True)
def test_those_that_die_again_meanwhile_are_not_replayed_again(
    run: Run, make_dead: MakeDead
) -> None:
    make_dead(3)
    with worker():
        # Slow enough for the first to be dead again before the last one's turn.
        assert run("replay_dead_letters", "--all", "--rate", "4/s").lines == ["3 replayed"]
    assert replays().count() == 3
    assert DeadLetter.objects.unresolved().exists()


@pytest.mark.django_db
def test_a_canary_is_not_waited_for_for_ever(run: Run, make_dead: MakeDead) -> None:
    make_dead(2)
    with pytest.raises(CommandError, match="is still SCHEDULED after 0 s; no other dead letter"):
        run("replay_dead_letters", "--all", "--canary", "--canary-timeout", "0")
    assert replays().count() == 1


@pytest.mark.django_db
def test_the_resolved_are_shown_with_their_new_task(run: Run, make_dead: MakeDead) -> None:
    [letter] = make_dead(1)
    run("replay_dead_letters", str(letter.pk))
    [line] = run("list_dead_letters", "--resolved", "--format", "json").lines
    assert json.loads(line)["replayed_as"] == replays().get().pk
