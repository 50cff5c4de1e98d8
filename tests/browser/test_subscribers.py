"""What an operator does with subscribers of events, in a real browser."""

from collections.abc import Sequence

import pytest
from playwright.sync_api import Page, expect

import tasks_core
from tasks_core import clock
from tasks_core.events import TaskDeadLettered, TaskFailed, cursor, subscription
from tasks_core.models import EventSubscription
from tests.admin import rows
from tests.support import processes

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/tasks_core/eventsubscription/"


def _ignore(events: Sequence[object]) -> None:
    """Take them."""


@pytest.fixture(autouse=True)
def subscribers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make one that is well, one that is parked, and one that is in the code no more."""
    monkeypatch.setattr(subscription, "_subscriptions", {})
    tasks_core.subscribe("tell-support", [TaskFailed, TaskDeadLettered], _ignore)
    tasks_core.subscribe("audit", [], _ignore, task_types=["invoice.remind"], queue_name="audits")
    for name in ("tell-support", "audit", "last-year"):
        cursor.create(name, from_beginning=False, now=clock.now())
    EventSubscription.objects.filter(name="audit").update(
        state="parked", failures=10, error="ConnectionError: no answer within 20 s", delivered=12345
    )
    rows.order()


def test_a_parked_one_is_found_resumed_and_replayed(operator: Page) -> None:
    operator.get_by_role("link", name="Subscribers").click()
    expect(operator.locator("#result_list")).to_contain_text("10 failed: ConnectionError")
    operator.get_by_role("link", name="audit").click()
    expect(operator.get_by_label("Facts")).to_contain_text("Parked")
    expect(operator.locator("#error")).to_contain_text("no answer within 20 s")
    operator.get_by_role("link", name="Resume…").click()
    operator.get_by_role("button", name="Resume now").click()
    expect(operator.get_by_text("1 resumed.")).to_be_visible()
    operator.get_by_role("link", name="Replay…").click()
    operator.get_by_label("Since (UTC)").fill("2026-05-01T09:00:00")
    operator.get_by_role("button", name="Replay now").click()
    expect(operator.get_by_text("1 replayed.")).to_be_visible()
    row = EventSubscription.objects.get(name="audit")
    assert (row.state, row.snapshot) == ("active", "1:1:")


def test_one_that_is_in_the_code_no_more_is_deleted(operator: Page) -> None:
    processes.alive("beat@new", role="beat")
    operator.goto(LIST)
    operator.get_by_role("link", name="last-year").click()
    expect(operator.get_by_label("Facts")).to_contain_text("In no process that is alive")
    operator.get_by_role("link", name="Delete…").click()
    operator.get_by_role("button", name="Delete now").click()
    expect(operator.get_by_text("1 deleted.")).to_be_visible()
    assert not EventSubscription.objects.filter(name="last-year").exists()
