"""Preferences are obeyed when a message is sent, not when it is asked for (guarantee 11)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.api import (
    Message,
    notify,
    notify_many,
    save_category,
    save_recipient,
    set_preference,
)
from notifications.models import Category, DeliveryAttempt, Notification, Recipient, TemplateVersion
from notifications.people.screening.screen import screen_notifications
from tasks_core import clock
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=11)]

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
HOUR = timedelta(hours=1)


@pytest.fixture(autouse=True)
def _template(receipt: TemplateVersion) -> None:
    """All of these send a receipt."""


def send(to: Recipient, **options: Any) -> Notification:
    return notify("receipt", to=to, context=GOOD, **options)


def states(notification: Notification) -> tuple[str, str]:
    notification.refresh_from_db()
    return notification.state, notification.deliveries.get().state


@pytest.mark.parametrize(
    ("wishes", "is_sent"),
    [
        ([], True),
        ([("", "", False)], False),
        ([("", "", False), ("news", "", True)], True),
        ([("news", "", False)], False),
        ([("news", "email", False), ("news", "", True)], False),
        ([("news", "sms", False)], True),
        ([("news", "", False), ("news.sport", "", True)], True),
        ([("news.sport", "", True), ("news.sport", "email", False)], False),
    ],
)
def test_the_most_specific_setting_decides(
    ada: Recipient,
    sport: Category,
    mail_server: MailServer,
    wishes: list[tuple[str, str, bool]],
    is_sent: bool,
) -> None:
    for category, channel, enabled in wishes:
        set_preference(ada, enabled, category=category, channel=channel)
    notification = send(ada, category="news.sport")
    run_due()
    assert len(mail_server.messages) == int(is_sent)
    assert states(notification) == (("sent", "sent") if is_sent else ("suppressed", "suppressed"))


def test_a_suppressed_message_says_why_and_makes_no_attempt(
    ada: Recipient, news: Category, mail_server: MailServer
) -> None:
    set_preference(ada, False, category="news", channel="email")
    notification = send(ada, category="news")
    run_due()
    notification.refresh_from_db()
    why = "the recipient switched off category 'news' by email"
    assert notification.reason == notification.deliveries.get().error == why
    assert notification.finished_at is not None
    assert not DeliveryAttempt.objects.exists()
    assert not DeadLetter.objects.exists()
    assert Task.objects.count() == 1  # nothing was rendered


def test_a_wish_between_acceptance_and_sending_counts(
    ada: Recipient, news: Category, mail_server: MailServer
) -> None:
    notification = send(ada, category="news", run_after=datetime.now(UTC) + HOUR)
    set_preference(ada, False, category="news")
    with clock.frozen(datetime.now(UTC) + 2 * HOUR):
        run_due()
    assert states(notification) == ("suppressed", "suppressed")
    assert mail_server.messages == []


def test_a_wish_between_two_attempts_counts(
    ada: Recipient, news: Category, mail_server: MailServer
) -> None:
    mail_server.refusals.append("450 busy")
    notification = send(ada, category="news")
    run_due()
    set_preference(ada, False, category="news")
    with clock.frozen(datetime.now(UTC) + 2 * HOUR):
        run_due()
    assert states(notification) == ("suppressed", "suppressed")
    assert mail_server.messages == []


def test_a_forgotten_setting_counts_no_more(
    ada: Recipient, news: Category, mail_server: MailServer
) -> None:
    set_preference(ada, False, category="news")
    set_preference(ada, None, category="news")
    assert not ada.preferences.exists()
    assert run_due() == 0
    notification = send(ada, category="news")
    run_due()
    assert states(notification) == ("sent", "sent")


@pytest.mark.parametrize("critical", ["category", "caller"])
def test_critical_messages_cannot_be_switched_off(
    ada: Recipient, mail_server: MailServer, critical: str
) -> None:
    save_category("security", is_critical=critical == "category")
    set_preference(ada, False)
    set_preference(ada, False, category="security")
    notification = send(ada, category="security", critical=True if critical == "caller" else None)
    run_due()
    assert states(notification) == ("sent", "sent")
    assert notification.critical


def test_a_category_that_became_critical_meanwhile_is_sent(
    ada: Recipient, news: Category, mail_server: MailServer
) -> None:
    set_preference(ada, False, category="news")
    notification = send(ada, category="news", critical=False)
    save_category("news", is_critical=True)
    run_due()
    assert states(notification) == ("sent", "sent")


def test_one_time_codes_cannot_be_switched_off(
    ada: Recipient, code_template: TemplateVersion, mail_server: MailServer
) -> None:
    set_preference(ada, False)
    set_preference(ada, False, category="otp")
    notify(
        "one-time-code",
        to=ada,
        context={"name": "Ada"},
        secret_context={"code": "918273"},
        category="otp",
        expires_at=datetime.now(UTC) + HOUR,
    )
    run_due()
    assert len(mail_server.messages) == 1


def test_a_category_that_the_database_does_not_know_can_be_switched_off(
    ada: Recipient, mail_server: MailServer
) -> None:
    set_preference(ada, False, category="weather")
    assert [send(ada, category=key).category for key in ("weather", "tides")] == [
        "weather",
        "tides",
    ]
    run_due()
    found = dict(Notification.objects.values_list("category", "state"))
    assert found == {"weather": "suppressed", "tides": "sent"}


def test_recipients_of_one_batch_are_told_apart(
    ada: Recipient, news: Category, mail_server: MailServer
) -> None:
    others = [save_recipient(f"user-{n}", email=f"u{n}@example.com") for n in range(20, 25)]
    set_preference(others[2], False, category="news")
    messages = [Message(to=one, context=GOOD) for one in [ada, *others]]
    sent = notify_many("receipt", messages, category="news", locale="en")
    screened = screen_notifications([one.pk for one in sent])
    assert list(screened.verdicts) == [sent[3].pk]
