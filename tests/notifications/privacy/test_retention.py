"""Guarantee 18, retention by category: content first, then rows; nothing that is still needed."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.checks import run_checks
from django.db import connection, transaction
from pytest_django import Settings

from notifications.api import notify, save_category
from notifications.models import Category, Delivery, DeliveryAttempt, Notification, TemplateVersion
from notifications.privacy.retention.clean_up import clean_up
from scheduler_project.configuration.application_settings import application_settings
from scheduler_project.settings import APPLICATION_SETTINGS
from tasks_core import clock, replay
from tasks_core.exceptions import ReplayRefused
from tasks_core.models import DeadLetter
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=18)]

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
DAYS = {"body": 10.0, "exchange": 20.0, "row": 30.0}


@pytest.fixture(autouse=True)
def retention(settings: Settings) -> dict[str, Any]:
    rules: dict[str, Any] = {"": DAYS}
    settings.BELLRINGER = {**settings.BELLRINGER, "NOTIFICATION_RETENTION": rules}
    return rules


def sent(**options: Any) -> Notification:
    notification = notify("receipt", to="ada@example.com", context=GOOD, **options)
    run_due()
    return notification


def clean_up_after(days: float) -> int:
    with clock.frozen(datetime.now(UTC) + timedelta(days=days)):
        return clean_up()


@pytest.mark.usefixtures("receipt", "mail_server")
def test_days_beyond_the_calendar_stop_the_retention_of_no_other_category() -> None:
    save_category("odd")
    Category.objects.filter(key="odd").update(row_retention_days=2_000_000)
    notify("receipt", to="eve@example.com", context=GOOD, category="odd")
    sent(category="well")
    assert clean_up_after(400)
    assert list(Notification.objects.values_list("category", flat=True)) == ["odd"]


def elsewhere(work: Callable[[], object]) -> None:
    """Do it on another connection of the database, and wait until it is done."""

    def call() -> None:
        try:
            work()
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as threads:
        threads.submit(call).result(20)


def kept(notification: Notification) -> set[str]:
    if not Notification.objects.filter(pk=notification.pk).exists():
        return set()
    notification.refresh_from_db()
    delivery = notification.deliveries.get()
    [attempt] = delivery.attempt_log.all()
    found = {
        "context": notification.context,
        "text": delivery.subject + delivery.text + delivery.html,
        "request": attempt.request or attempt.response or attempt.error,
    }
    return {"row", *(name for name, value in found.items() if value)}


def test_point_18_content_goes_first_then_the_exchange_then_the_row(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = sent()
    everything = {"row", "context", "text", "request"}
    for days, expected in (
        (9.9, everything),
        (10.1, {"row", "request"}),
        (19.9, {"row", "request"}),
        (20.1, {"row"}),
        (29.9, {"row"}),
        (30.1, set[str]()),
    ):
        clean_up_after(days)
        assert kept(notification) == expected, days
    assert clean_up_after(400) == 0
    assert not Delivery.objects.exists()
    assert not DeliveryAttempt.objects.exists()


def test_point_18_a_category_has_its_own_numbers(
    receipt: TemplateVersion, mail_server: MailServer, retention: dict[str, Any]
) -> None:
    retention["news"] = {"body": 1.0, "row": 2.0}
    retention["law"] = {"body": 0, "exchange": 0, "row": 0}
    news, law, other = sent(category="news"), sent(category="law"), sent()
    clean_up_after(1.1)
    assert kept(news) == {"row", "request"}
    clean_up_after(2.1)
    assert kept(news) == set()
    clean_up_after(400)
    assert kept(law) == {"row", "context", "text", "request"}
    assert kept(other) == set()


def test_what_has_not_ended_stays_however_old_it_is(receipt: TemplateVersion) -> None:
    notification = notify("receipt", to="ada@example.com", context=GOOD)
    assert clean_up_after(4000) == 0
    notification.refresh_from_db()
    assert notification.context == GOOD


def test_batches_are_small_and_repeat_until_nothing_is_left(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    for _ in range(5):
        sent()
    with clock.frozen(datetime.now(UTC) + timedelta(days=31)):
        assert clean_up(limit=2) > 0
        assert Notification.objects.count() == 3
        while clean_up(limit=2):
            pass
    assert Notification.objects.count() == 0


def test_rows_that_somebody_holds_are_passed_over_without_waiting(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    held, free = sent(), sent()
    with transaction.atomic():
        Delivery.objects.select_for_update().get(notification=held)
        elsewhere(lambda: clean_up_after(31))
    assert set(Notification.objects.values_list("pk", flat=True)) == {held.pk}
    clean_up_after(31)
    assert not Notification.objects.filter(pk__in=[held.pk, free.pk]).exists()


def test_a_failed_message_without_content_is_not_sent_empty_by_a_replay(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("550 no such user")
    notification = sent()
    clean_up_after(10.1)
    with pytest.raises(ReplayRefused, match="its content was removed since it failed"):
        replay(DeadLetter.objects.get().pk)
    run_due()
    assert mail_server.messages == []
    assert kept(notification) >= {"row"}


def test_point_8_a_key_is_kept_for_a_day_at_least_and_as_long_as_the_row(
    receipt: TemplateVersion, mail_server: MailServer, retention: dict[str, Any]
) -> None:
    retention[""] = {"body": 0.01, "exchange": 0.01, "row": 1.0}
    first = sent(idempotency_key="k")
    clean_up_after(0.99)
    assert notify("receipt", to="ada@example.com", context=GOOD, idempotency_key="k") == first
    clean_up_after(1.01)
    assert notify("receipt", to="ada@example.com", context=GOOD, idempotency_key="k") != first


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        ({"": {"row": 0.5}}, "kept for at least 1 day"),
        ({"otp": {"rows": 3}}, "says rows; the words are body, exchange, row"),
        ({"otp": {"body": -1}}, "cannot be negative"),
    ],
)
def test_a_wrong_rule_is_named_by_the_checks(
    settings: Settings, rules: dict[str, Any], problem: str
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "NOTIFICATION_RETENTION": rules}
    [found] = [message for message in run_checks() if message.id == "notifications.E002"]
    assert problem in found.msg
    assert "NOTIFICATION_RETENTION" in found.msg


def test_the_rules_come_from_a_variable_as_json() -> None:
    given = {"BELLRINGER_NOTIFICATION_RETENTION": '{"otp": {"row": 7}}'}
    parsed = application_settings(APPLICATION_SETTINGS, given)
    assert parsed == {"NOTIFICATION_RETENTION": {"otp": {"row": 7.0}}}


FILL = """
INSERT INTO notifications_notification
    (template_version_id, channel, address, context, secret_context, is_secret, category, critical, state,
     reason, run_after, created_at, finished_at, content_digest, supersede_key, correlation_id, wiped,
     order_key, condition, condition_args, is_test)
SELECT %s, 'email', 'u' || i || '@example.com', '{}', '', false, 'otp', false, 'sent',
       '', now(), now(), now() - i * interval '1 s', '', '', '', CASE WHEN i %% 100 = 0 THEN 0 ELSE 3 END,
       '', '', '{}', false
FROM generate_series(1, 20000) AS i
"""


def test_among_many_rows_the_old_ones_and_those_of_an_address_are_found_by_index(
    receipt: TemplateVersion,
) -> None:
    with connection.cursor() as cursor:
        cursor.execute(FILL, [receipt.pk])
        cursor.execute("ANALYZE notifications_notification")
    rows = Notification.objects.all().order_by()
    old = rows.filter(category="otp", wiped__in=(0, 2), finished_at__lt=clock.now())
    assert "notifications_retention" in old.explain()
    found = rows.to_address("U77@example.com")
    assert "notifications_address" in found.explain()
    assert [row.address for row in found] == ["u77@example.com"]
