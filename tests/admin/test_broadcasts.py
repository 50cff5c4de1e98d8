"""Broadcasts in the admin: progress and steps."""

from collections.abc import Iterator

import pytest
from django.test import Client

from notifications.api import Receiver, create_broadcast, publish_template
from notifications.message_templates.compiled import compiled_version
from notifications.models import Broadcast
from tasks_core import testing
from tests.admin import rows

URL = "/admin/notifications/broadcast/"


@pytest.fixture(autouse=True)
def _published(db: None) -> Iterator[None]:
    compiled_version.cache_clear()
    publish_template("news", subject="News", text="Dear {{ name }}, news.")
    yield
    compiled_version.cache_clear()


@pytest.fixture
def broadcast(db: None) -> Broadcast:
    people = [Receiver(to=f"u{i}@example.com", context={"name": f"N{i}"}) for i in range(9)]
    return create_broadcast("may", "news", ["nobody", *people], chunk_size=4, skip_invalid=True)


def test_its_page_shows_progress_and_who_was_rejected(viewer: Client, broadcast: Broadcast) -> None:
    testing.run_due()
    page = rows.text(viewer.get(f"{URL}{broadcast.pk}/change/"))
    assert 'max="10" value="10"' in page
    assert "nobody" in page
    assert "is not a mail address" in page
    assert "10 of 10" in page
    assert "9 of 9" in rows.text(viewer.get(URL))


def test_it_is_paused_resumed_and_cancelled(operator: Client, broadcast: Broadcast) -> None:
    operator.post(f"{URL}{broadcast.pk}/pause/", {"reason": "typo"})
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.reason) == ("paused", "typo (operator)")
    operator.post(f"{URL}{broadcast.pk}/resume/")
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.reason) == ("running", "")
    operator.post(f"{URL}{broadcast.pk}/cancel/", {"reason": "wrong price"})
    broadcast.refresh_from_db()
    assert (broadcast.state, broadcast.reason) == ("cancelled", "wrong price (operator)")


def test_many_are_paused_at_once_and_those_that_did_not_run_are_counted(
    operator: Client, broadcast: Broadcast
) -> None:
    held = create_broadcast("june", "news", [], hold=True)
    said = rows.bulk(
        operator, "notifications/broadcast", "pause", [broadcast.pk, held.pk], reason="storm"
    )
    assert said == ["1 paused, 1 did not run."]
