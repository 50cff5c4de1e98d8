"""Whatever is run again, ended or switched off by command says who asked for it, and why."""

import pytest

from tasks_core import clock
from tasks_core.events import cursor
from tasks_core.management.authorship import MOST, signed
from tasks_core.management.shell_user import shell_user
from tasks_core.models import DeadLetter, TaskEvent
from tests.commands.conftest import MakeDead, Run

pytestmark = pytest.mark.django_db


def test_a_replay_says_in_the_timeline_who_asked_and_why(run: Run, make_dead: MakeDead) -> None:
    [letter] = make_dead(1)
    run("replay_dead_letters", str(letter.pk), "--note", "the bank is back", "--author", "ann")
    event = TaskEvent.objects.get(task_id=letter.task_id, kind="replayed")
    assert (event.data or {})["note"] == "the bank is back (ann, by command)"


def test_a_replay_without_a_note_says_who_asked(run: Run, make_dead: MakeDead) -> None:
    [letter] = make_dead(1)
    run("replay_dead_letters", str(letter.pk))
    letter.refresh_from_db()
    assert letter.note == f"{shell_user()}, by command"


def test_each_of_many_says_so(run: Run, make_dead: MakeDead) -> None:
    make_dead(3)
    run("replay_dead_letters", "--all", "--note", "mended", "--author", "ann")
    assert set(DeadLetter.objects.values_list("note", flat=True)) == {"mended (ann, by command)"}


def test_a_long_reason_does_not_push_out_who_it_was() -> None:
    said = signed("x" * 1_000, {"author": "ann"})
    assert len(said) == MOST
    assert said.endswith("x (ann, by command)")


def test_where_nobody_can_tell_it_was_a_command() -> None:
    assert signed("mended", {"author": ""}) == "mended (by command)"


def test_events_that_are_given_again_are_in_the_log(
    run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    cursor.create("audit", from_beginning=False, now=clock.now())
    with caplog.at_level("INFO"):
        run("replay_events", "audit", "--after", "0", "--author", "ann", "--reason", "lost")
    [line] = [one for one in caplog.records if "given again" in one.message]
    assert (vars(line)["asked_by"], vars(line)["reason"]) == ("ann", "lost")
