"""The commands of digests: what is collected, without whom it is for."""

import json
from datetime import timedelta

import pytest
from django.core.management.base import CommandError

from notifications.api import add_to_digest, publish_template
from notifications.models import Digest
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def digest(db: None) -> Digest:
    publish_template("comments", subject="{{ count }}", text="{{ count }} comments")
    for who in ("Bea", "Cem"):
        add_to_digest(
            "comments",
            to="ada@example.com",
            item={"who": who},
            key="post-17",
            window=timedelta(minutes=10),
        )
    return Digest.objects.get()


def test_they_are_listed_by_state_and_template(run: Run, digest: Digest) -> None:
    out = run("list_digests", "--format", "json").out
    [row] = map(json.loads, out.splitlines())
    assert (row["id"], row["state"], row["items"], row["key"]) == (digest.pk, "open", 2, "post-17")
    assert "ada@example.com" not in out
    publish_template("likes", subject="{{ count }}", text="{{ count }}")
    for asked in (("--state", "closed"), ("--template", "likes")):
        assert run("list_digests", *asked, "--format", "json").out.split() == []


def test_one_is_shown_with_its_window(run: Run, digest: Digest) -> None:
    out = run("show_digest", str(digest.pk)).out
    shown = dict(line.split("\t") for line in out.splitlines())
    assert (shown["state"], shown["items"], shown["template"]) == ("open", "2", "comments")
    assert "Bea" not in out
    with pytest.raises(CommandError, match="there is no digest 999; list_digests shows them"):
        run("show_digest", "999")
