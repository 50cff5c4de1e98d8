"""`list_dead_letters`."""

import json

import pytest

import tasks_core
from tests.commands.conftest import MakeDead, Run

pytestmark = pytest.mark.django_db


def listed(run: Run, *words: str) -> list[int]:
    lines = run("list_dead_letters", "--format", "json", *words).lines
    return [json.loads(line)["id"] for line in lines]


def test_unresolved_ones_are_listed_if_not_told_otherwise(run: Run, make_dead: MakeDead) -> None:
    open_letter, discarded, replayed = (letter.pk for letter in make_dead(3))
    tasks_core.discard(discarded, note="known")
    tasks_core.replay(replayed)
    assert listed(run) == listed(run, "--open") == [open_letter]
    assert listed(run, "--resolved") == [replayed, discarded]
    assert listed(run, "--all") == [replayed, discarded, open_letter]


def test_filters_and_pages(run: Run, make_dead: MakeDead) -> None:
    letters = make_dead(3)
    fingerprint = letters[0].fingerprint
    assert listed(run, "--type", "invoice.remind", "--limit", "2") == [letters[2].pk, letters[1].pk]
    assert listed(run, "--after", str(letters[1].pk)) == [letters[0].pk]
    assert len(listed(run, "--fingerprint", fingerprint)) == 3
    assert listed(run, "--fingerprint", "0") == listed(run, "--type", "login.check") == []


def test_what_failed_is_told_in_one_line(run: Run, make_dead: MakeDead) -> None:
    [letter] = make_dead(1)
    header, line = run("list_dead_letters").lines
    facts = dict(zip(header.split("\t"), line.split("\t"), strict=True))
    assert facts["task"] == str(letter.task_id)
    assert facts["error"].endswith("RuntimeError")
    assert facts["message"] == "invoice 13 is not to be found"
