"""`discard_dead_letters`."""

import pytest
from django.core.management.base import CommandError

import tasks_core
from tasks_core.management.shell_user import shell_user
from tasks_core.models import DeadLetter, Task
from tests.commands.conftest import MakeDead, Run

pytestmark = pytest.mark.django_db


def test_the_chosen_ones_are_resolved_with_the_note(run: Run, make_dead: MakeDead) -> None:
    first, second = make_dead(2)
    answer = run("discard_dead_letters", str(first.pk), "--note", "customer is gone")
    assert answer.lines == ["1 discarded, 0 left as they were"]
    first.refresh_from_db()
    assert (first.resolution, first.note) == (
        "discarded",
        f"customer is gone ({shell_user()}, by command)",
    )
    assert list(DeadLetter.objects.unresolved()) == [second]
    assert Task.objects.count() == 2


def test_a_dry_run_changes_nothing(run: Run, make_dead: MakeDead) -> None:
    make_dead(2)
    answer = run("discard_dead_letters", "--all", "--note", "x", "--dry-run")
    assert answer.lines == ["2 would be discarded"]
    assert DeadLetter.objects.unresolved().count() == 2


def test_one_that_is_resolved_already_holds_up_everything(run: Run, make_dead: MakeDead) -> None:
    first, second = make_dead(2)
    tasks_core.discard(first.pk, note="")
    with pytest.raises(
        CommandError, match=rf"resolved already: dead letter {first.pk} \(discarded"
    ):
        run("discard_dead_letters", str(first.pk), str(second.pk), "--note", "x")
    assert DeadLetter.objects.unresolved().count() == 1


@pytest.mark.parametrize(
    "words", [(), ("1", "--all"), ("--all", "--type", "x"), ("1", "--type", "x")]
)
def test_which_ones_must_be_said_in_one_way(run: Run, words: tuple[str, ...]) -> None:
    with pytest.raises(CommandError, match="say which dead letters: either ids, or"):
        run("discard_dead_letters", "--note", "x", *words)
