"""Digests in the admin: read-only, items counted and not shown."""

from datetime import datetime, timedelta

import pytest
from django.test import Client

from notifications.api import add_to_digest, publish_template
from notifications.message_templates.compiled import compiled_version
from notifications.models import Digest
from tasks_core import clock
from tasks_core.testing import run_due
from tests.admin import rows

URL = "/admin/notifications/digest/"


@pytest.fixture
def digest(db: None) -> Digest:
    compiled_version.cache_clear()
    publish_template("comments", subject="{{ count }}", text="{{ count }} comments")
    for who in ("Beatrice", "Cem"):
        found = add_to_digest(
            "comments",
            to="ada@example.com",
            item={"who": who},
            key="post-17",
            window=timedelta(minutes=10),
        )
    return found


def close(digest: Digest) -> datetime:
    with clock.frozen(digest.closes_at):
        run_due()
    return digest.closes_at


def test_the_list_and_the_page_show_state_window_and_number_of_items(
    viewer: Client, digest: Digest
) -> None:
    page = rows.text(viewer.get(URL))
    assert "post-17" in page
    assert "Open" in page
    page = rows.text(viewer.get(f"{URL}{digest.pk}/change/"))
    assert "Window ends" in page
    assert "Beatrice" not in page
    close(digest)
    digest.refresh_from_db()
    page = rows.text(viewer.get(f"{URL}{digest.pk}/change/"))
    assert "Closed" in page
    assert f"/admin/notifications/notification/{digest.notification_id}/change/" in page


def test_it_is_found_by_address_and_by_id(viewer: Client, digest: Digest) -> None:
    for term, number in (("Ada@Example.com", 1), (str(digest.pk), 1), ("bob@example.com", 0)):
        page = rows.text(viewer.get(URL, {"q": term}))
        assert page.count("post-17") == number, term


def test_nobody_edits_it_and_strangers_see_nothing(
    operator: Client, newcomer: Client, digest: Digest
) -> None:
    assert newcomer.get(f"{URL}{digest.pk}/change/").status_code == 403
    assert operator.post(f"{URL}{digest.pk}/change/", {"state": "closed"}).status_code == 403
    assert operator.get(f"{URL}add/").status_code == 403
    digest.refresh_from_db()
    assert digest.state == "open"
