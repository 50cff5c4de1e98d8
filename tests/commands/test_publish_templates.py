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
    with pytest.raises(CommandError, match="text, line 2"):
        run("publish_templates", str(tmp_path))
    assert not TemplateVersion.objects.exists()


def test_a_folder_without_templates_is_refused(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"holds no NAME/CHANNEL/text\.txt"):
        run("publish_templates", str(tmp_path))
