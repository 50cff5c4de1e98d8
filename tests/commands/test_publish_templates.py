"""`publish_templates`."""

import json
from pathlib import Path

import pytest
from django.core.management.base import CommandError

from notifications.models import TemplateVersion
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db


def published(run: Run, *words: str) -> set[tuple[str, str, int]]:
    lines = run("publish_templates", "--format", "json", *words).lines
    rows = [json.loads(line) for line in lines]
    return {(row["template"], row["channel"], row["version"]) for row in rows}


def test_the_products_own_are_published_once(run: Run) -> None:
    first = published(run)
    assert ("notice", "email", 1) in first
    assert ("one-time-code", "email", 1) in first
    assert published(run) == first


def test_a_changed_file_makes_a_new_version(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "greeting" / "email"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_text("Hello {{ name }}\n")
    (folder / "text.txt").write_text("Hello.")
    assert published(run, str(tmp_path)) == {("greeting", "email", 1)}
    (folder / "text.txt").write_text("Good morning.")
    assert published(run, str(tmp_path)) == {("greeting", "email", 2)}


def test_a_broken_template_is_named_and_none_is_published(run: Run, tmp_path: Path) -> None:
    for name, text in (("a", "fine"), ("b", "line one\n{{ broken }")):
        folder = tmp_path / name / "email"
        folder.mkdir(parents=True)
        (folder / "subject.txt").write_text("Subject")
        (folder / "text.txt").write_text(text)
    with pytest.raises(CommandError, match=r"text, line 2: in b/email/text\.txt"):
        run("publish_templates", str(tmp_path))
    assert not TemplateVersion.objects.exists()


def test_a_folder_without_templates_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"holds no NAME/CHANNEL/text\.txt"):
        run("publish_templates", str(tmp_path))


@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("text.txt", b"caf\xe9", "in b/email/text.txt: is no UTF-8 at byte 4"),
        ("text.txt", "Hello".encode("utf-16"), "in b/email/text.txt: is no UTF-8 at byte 1"),
        ("text.txt", b"a\0b", "in b/email/text.txt: holds a NUL character"),
        ("html.html", b"<p>caf\xe9</p>", "in b/email/html.html: is no UTF-8"),
        ("subject.txt", b"one\ntwo", "in b/email/subject.txt: "),
        ("sample.json", b"{", "in b/email/sample.json: "),
        ("sample.json", b"[]", "in b/email/sample.json: must be a JSON object"),
        ("variables.json", b'{"type": 7}', "in b/email/variables.json: "),
        ("subject.txt", None, "in b/email/subject.txt: cannot be read"),
    ],
)
def test_whatever_is_wrong_with_a_file_it_is_named(
    run: Run, tmp_path: Path, file: str, content: bytes | None, says: str
) -> None:
    for name in ("a", "b"):
        folder = tmp_path / name / "email"
        folder.mkdir(parents=True)
        (folder / "subject.txt").write_text("Subject")
        (folder / "text.txt").write_text("Hello")
    wrong = tmp_path / "b" / "email" / file
    if content is None:
        wrong.unlink()
        wrong.mkdir()
    else:
        wrong.write_bytes(content)
    with pytest.raises(CommandError) as refused:
        run("publish_templates", str(tmp_path))
    assert says in str(refused.value)
    assert not TemplateVersion.objects.exists()


def test_marks_and_line_ends_of_other_editors_are_understood(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "hello" / "email"
    folder.mkdir(parents=True)
    (folder / "subject.txt").write_bytes(b"\xef\xbb\xbfHello\r\n")
    (folder / "text.txt").write_bytes(b"\xef\xbb\xbfone\r\ntwo\r\n")
    run("publish_templates", str(tmp_path))
    version = TemplateVersion.objects.get()
    assert (version.subject, version.text) == ("Hello", "one\ntwo\n")
