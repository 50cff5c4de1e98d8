"""The commands of broadcasts."""

import json
from collections.abc import Iterator
from io import StringIO
from pathlib import Path

import pytest
from django.core import mail
from django.core.management.base import CommandError

from notifications.api import publish_template
from notifications.broadcasts.upkeep import advance_broadcasts
from notifications.message_templates.compiled import compiled_version
from notifications.models import Broadcast
from tasks_core.testing import run_due
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _templates(db: None) -> Iterator[None]:
    compiled_version.cache_clear()
    publish_template("news", subject="News", text="Dear {{ name }}, news.")
    publish_template("news", subject="Neues", text="Hallo {{ name }}!", locale="de")
    yield
    compiled_version.cache_clear()


def facts(out: str) -> dict[str, str]:
    return dict(line.split("\t") for line in out.splitlines())


def test_everybody_in_a_csv_file_gets_the_message(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(
        '\ufeffto,locale,name\na@example.com,,"Ada, A."\nb@example.com,de,Bea\n', "utf-8"
    )
    shown = facts(run("create_broadcast", "may", "news", str(file), "--rate", "600/m").out)
    assert (shown["state"], shown["total"], shown["rate"]) == ("running", "2", "10.0")
    while run_due():
        advance_broadcasts()
    assert {message.to[0]: message.body.strip() for message in mail.outbox} == {
        "a@example.com": "Dear Ada, A., news.",
        "b@example.com": "Hallo Bea!",
    }
    shown = facts(run("show_broadcast", "may").out)
    assert (shown["sent"], shown["ended"], shown["waiting"]) == ("2", "2", "0")


def test_json_lines_come_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    line = json.dumps({"to": "a@example.com", "locale": "de", "context": {"name": "Ada"}})
    monkeypatch.setattr("sys.stdin", StringIO(f"{line}\n\n{line}\n"))
    shown = facts(run("create_broadcast", "may", "news", "-", "--audience-format", "jsonl").out)
    assert (shown["total"], shown["duplicates"]) == ("1", "1")


@pytest.mark.parametrize(
    ("name", "text", "problem"),
    [
        ("x.csv", "email,name\na@example.com,A\n", "line 1: must name the columns: to, locale"),
        ("x.csv", "to,name\na@example.com\n", "line 2: has not as many values"),
        ("x.csv", "to,name\na@example.com,A,B\n", "line 2: has not as many values"),
        ("x.csv", 'to,name\n"a@example.com,A\n', "line 2: opens a quote that is not closed"),
        ("x.jsonl", "{\n", "line 1: is not JSON"),
        ("x.jsonl", "[" * 50_000 + "]" * 50_000, "line 1: cannot be stored: it is nested deeper"),
        ("x.jsonl", '{"to": 1e999}\n', "line 1: cannot be stored: Out of range"),
        ("x.jsonl", '["a"]\n', "line 1: must be an object"),
        (
            "x.jsonl",
            '{"to": "a@example.com"}\n\n{"to": "b@example.com", "to": "c@example.com"}\n',
            "line 3: cannot be stored: it has the name 'to' twice",
        ),
        ("x.jsonl", '{"to": 5}\n', "line 1: to and locale must be texts"),
        ("x.jsonl", '{"to": "a@example.com", "context": []}\n', "line 1: context must be"),
        ("x.csv", "to,name\nnobody,A\n", r"audience\[0\]: to: is not a mail address"),
        ("x.txt", "", "--audience-format: the file's name does not say"),
    ],
)
def test_what_cannot_be_read_is_named(
    run: Run, tmp_path: Path, name: str, text: str, problem: str
) -> None:
    (tmp_path / name).write_text(text, "utf-8")
    with pytest.raises(CommandError, match=problem):
        run("create_broadcast", "may", "news", str(tmp_path / name))


def test_json_lines_with_a_wrong_one_make_no_broadcast(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.jsonl"
    good = '{"to": "a@example.com", "context": {"name": "A"}}\n'
    file.write_text(f"{good * 600}{{\n", "utf-8")
    with pytest.raises(CommandError, match=r"line 601: is not JSON: Expecting property name"):
        run("create_broadcast", "may", "news", str(file))
    assert not Broadcast.objects.exists()


def test_a_missing_file_makes_no_broadcast(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        run("create_broadcast", "may", "news", str(tmp_path / "none.csv"))
    assert not Broadcast.objects.exists()


def test_a_file_that_was_wrong_is_read_again_with_resume(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("to,name\na@example.com,A\nnobody,B\n", "utf-8")
    with pytest.raises(CommandError):
        run("create_broadcast", "may", "news", str(file))
    file.write_text("to,name\na@example.com,A\nb@example.com,B\n", "utf-8")
    shown = facts(run("create_broadcast", "may", "news", str(file), "--resume").out)
    assert (shown["state"], shown["total"]) == ("running", "2")


def test_a_broadcast_is_steered_and_listed(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("to,name\na@example.com,A\n", "utf-8")
    run("create_broadcast", "may", "news", str(file), "--hold")
    assert run("resume_broadcast", "may").out == "may\tresumed\n"
    assert (
        run("pause_broadcast", "may", "--reason", "typo", "--author", "ann").out == "may\tpaused\n"
    )
    assert run("pause_broadcast", "may").out == "may\tdoes not run\n"
    [row] = run("list_broadcasts", "--unfinished", "--format", "json").lines
    assert (json.loads(row)["state"], json.loads(row)["reason"]) == (
        "paused",
        "typo (ann, by command)",
    )
    assert run("cancel_broadcast", "may", "--reason", "stop").out == "may\tcancelled\n"
    assert run("cancel_broadcast", "may").out == "may\thad ended\n"
    assert run("list_broadcasts", "--unfinished", "--format", "json").lines == []
    with pytest.raises(CommandError, match="there is no broadcast 'june'"):
        run("show_broadcast", "june")
