"""Point 18: what else is kept is bounded: broadcasts, digests, inboxes, lists and counts."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from notifications.api import (
    INHERIT,
    Receiver,
    add_to_digest,
    create_broadcast,
    notify,
    publish_template,
    save_category,
    suppress,
)
from notifications.broadcasts.upkeep import advance_broadcasts
from notifications.exceptions import InvalidCategory
from notifications.models import (
    Broadcast,
    BroadcastReceiver,
    Digest,
    DigestItem,
    Erasure,
    InboxMessage,
    Notification,
    SoftBounces,
    Suppression,
    Template,
    TemplateVersion,
)
from notifications.people.suppression.bounces import count_soft_bounce
from notifications.privacy.erasure.by_notification import ask_erasure
from notifications.privacy.retention import all_kinds
from notifications.privacy.retention.audiences import clean_up_broadcasts
from notifications.privacy.retention.clean_up import clean_up
from notifications.privacy.retention.digests import clean_up_digests
from notifications.privacy.retention.erasures import clean_up_erasures
from notifications.privacy.retention.inboxes import clean_up_inboxes
from notifications.privacy.retention.rules import Rule, load_rules
from notifications.privacy.retention.suppressions import clean_up_suppressions
from tasks_core import clock
from tasks_core.testing import run_due
from tests.notifications.conftest import Changed

pytestmark = pytest.mark.django_db

WINDOW = timedelta(minutes=10)
DAYS = {
    "NOTIFICATION_BODY_RETENTION_DAYS": 10.0,
    "NOTIFICATION_EXCHANGE_RETENTION_DAYS": 20.0,
    "NOTIFICATION_RETENTION_DAYS": 30.0,
}


@pytest.fixture(autouse=True)
def changed(settings: Settings) -> Changed:
    changed = Changed(settings)
    for name, value in DAYS.items():
        changed[name] = value
    return changed


def after(days: float) -> Any:
    return clock.frozen(datetime.now(UTC) + timedelta(days=days))


def test_a_categorys_row_counts_before_the_setting_and_both_are_inherited(
    changed: Changed,
) -> None:
    changed["NOTIFICATION_RETENTION"] = {
        "bills": {"body": 5.0, "exchange": 6.0},
        "bills.late": {"row": 9.0},
    }
    save_category("bills", body_retention_days=3)
    save_category("bills.late", parent="bills", exchange_retention_days=0)
    save_category("bills.late.second", parent="bills.late", row_retention_days=8)
    with CaptureQueriesContext(connection) as queries:
        rules = load_rules()
    assert len(queries) == 1
    assert rules.of("bills") == Rule(body=3, exchange=6, row=30)
    assert rules.of("bills.late") == Rule(body=3, exchange=0, row=9)
    assert rules.of("bills.late.second") == Rule(body=3, exchange=0, row=8)
    assert rules.of("unknown") == rules.of("") == Rule(body=10, exchange=20, row=30)


def test_a_number_can_be_taken_back(changed: dict[str, Any]) -> None:
    save_category("bills", body_retention_days=3, row_retention_days=4)
    late = save_category("bills.late", parent="bills", body_retention_days=8, row_retention_days=9)
    assert load_rules().of("bills.late").body == 8
    late = save_category("bills.late", body_retention_days=INHERIT)
    assert (late.body_retention_days, late.row_retention_days) == (None, 9)
    assert load_rules().of("bills.late").body == 3
    late = save_category("bills.late", name="Late")  # what is not given stays as it is
    assert (late.body_retention_days, late.row_retention_days) == (None, 9)


def test_only_numbers_of_days_are_inherited(db: None) -> None:
    with pytest.raises(InvalidCategory, match="quiet_hours: must be one of"):
        save_category("bills", quiet_hours=INHERIT)  # type: ignore[arg-type]


def test_notifications_go_by_the_number_of_their_categorys_row(receipt: TemplateVersion) -> None:
    save_category("news", row_retention_days=2)
    save_category("news.sport", parent="news")
    context = {"number": 7, "name": "Ada", "amount": "12.5"}
    for category in ("news.sport", ""):
        notify("receipt", to="ada@example.com", context=context, category=category)
    run_due()
    with after(2.1):
        assert clean_up() > 0
    assert [one.category for one in Notification.objects.all()] == [""]


@pytest.mark.parametrize("days", [-1, 1.5, True, 10**9])
def test_a_wrong_number_of_days_is_refused_by_name(days: Any) -> None:
    with pytest.raises(InvalidCategory, match=r"^row_retention_days: give a whole number"):
        save_category("news", row_retention_days=days)


def test_a_round_with_nothing_to_remove_asks_little(receipt: TemplateVersion) -> None:
    with CaptureQueriesContext(connection) as queries:
        assert all_kinds.clean_up_all() == 0
    assert len(queries) <= 19


def test_rejected_receivers_go_with_the_bodies_and_the_broadcast_with_the_rows() -> None:
    publish_template("news", subject="News", text="News.")
    create_broadcast("may", "news", ["nobody", "a@example.com"], skip_invalid=True)
    while run_due():
        advance_broadcasts()
    advance_broadcasts()
    create_broadcast("june", "news", [Receiver(to="nobody")], skip_invalid=True, hold=True)
    with after(9.9):
        assert clean_up_broadcasts() == 0
    with after(10.1):
        assert clean_up_broadcasts() == 1
        assert clean_up_broadcasts() == 0
    assert BroadcastReceiver.objects.get().broadcast.name == "june"
    with after(30.1):
        assert clean_up_broadcasts() == 0  # its notification is still there
        clean_up()
        assert clean_up_broadcasts() == 1
    assert [one.name for one in Broadcast.objects.all()] == ["june"]


def test_digests_that_ended_go_with_the_rows_and_lost_items_with_the_bodies() -> None:
    publish_template("comments", subject="{{ count }}", text="{{ count }} comments")
    add_to_digest("comments", to="a@example.com", item={"n": 1}, key="k", window=WINDOW)
    with clock.frozen(datetime.now(UTC) + WINDOW):
        run_due()
    stuck = add_to_digest("comments", to="a@example.com", item={"n": 2}, key="k", window=WINDOW)
    Template.objects.update(current=None)
    with clock.frozen(datetime.now(UTC) + WINDOW):
        run_due()
    stuck.refresh_from_db()
    assert stuck.state == "failed"
    with after(9):
        assert clean_up_digests() == 0
    with after(11):
        assert clean_up_digests() == 1
    stuck.refresh_from_db()
    assert (stuck.state, stuck.reason) == ("cancelled", "its items were removed by age")
    assert not DigestItem.objects.exists()
    with after(31):
        assert clean_up_digests() == 1
    with after(42):
        assert clean_up_digests(limit=1) == 1
    assert not Digest.objects.exists()


def test_inboxes_keep_what_is_young_enough(changed: Changed) -> None:
    publish_template("hello", channel="inbox", subject="Hello", text="Hello.")
    for _ in range(3):
        notify("hello", to="17", channel="inbox")
    run_due()
    changed["INBOX_RETENTION_DAYS"] = 0.0
    with after(100):
        assert clean_up_inboxes() == 0
    changed["INBOX_RETENTION_DAYS"] = 5.0
    with after(4.9):
        assert clean_up_inboxes() == 0
    with after(5.1):
        assert [clean_up_inboxes(limit=2) for _ in range(3)] == [2, 1, 0]
    assert not InboxMessage.objects.exists()
    assert Notification.objects.count() == 3


def test_expired_entries_and_old_counts_of_bounces_go() -> None:
    now = clock.now()
    suppress("email", "a@example.com", expires_at=now + timedelta(days=1))
    suppress("email", "b@example.com")
    count_soft_bounce("email", "0" * 32, at=now, source="acme")
    assert clean_up_suppressions() == 0
    with after(1.1):
        assert clean_up_suppressions() == 1
    with after(14.1):
        assert clean_up_suppressions() == 1
    assert Suppression.objects.count() == 1
    assert not SoftBounces.objects.exists()


def test_who_asked_for_an_erasure_is_kept_for_as_long_as_history_and_the_notification(
    changed: Changed, receipt: TemplateVersion
) -> None:
    changed["HISTORY_RETENTION_DAYS"] = 60.0
    context = {"number": 7, "name": "Ada", "amount": "12.5"}
    kept, gone = (
        notify("receipt", to=f"{name}@example.com", context=context) for name in ("ada", "grace")
    )
    for notification in (kept, gone):
        ask_erasure(notification.pk, actor="an operator")
    gone.delete()

    with after(59):
        assert clean_up_erasures() == 0
    with after(61):
        assert clean_up_erasures() == 1
    assert Erasure.objects.get().notification_id == kept.pk
