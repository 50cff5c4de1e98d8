"""Quiet hours that collect: what was held for somebody is told in one message (points 14 and 15)."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from notifications.api import (
    cancel,
    notify,
    publish_template,
    save_category,
    save_recipient,
    set_preference,
)
from notifications.digests.held import collect
from notifications.models import Digest, Notification, Recipient, TemplateVersion
from notifications.sending.pipeline.schedule import schedule
from tasks_core import clock
from tasks_core.duties.expiry import expire_tasks
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer, text_of

pytestmark = pytest.mark.django_db(transaction=True)

NIGHT = datetime(2030, 6, 15, 22, 30, tzinfo=UTC)
MORNING = datetime(2030, 6, 16, 6, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _quiet(ada: Recipient, receipt: TemplateVersion, bellringer: dict[str, Any]) -> None:
    bellringer["QUIET_HOURS"] = "22:00-08:00"
    publish_template(
        "overnight",
        subject="{{ count }} receipts",
        text="{% for item in items %}{{ item.subject }} for {{ item.context.name }};{% endfor %}",
    )
    save_category("receipts", quiet_hours="digest", digest_template="overnight")


def hold(to: Recipient, number: int, **options: Any) -> Notification:
    options = {"category": "receipts", **options}
    context = {"number": number, "name": "Ada", "amount": "12.5"}
    with clock.frozen(NIGHT):
        notification = notify("receipt", to=to, channel="email", context=context, **options)
        run_due()
    return notification


def at(moment: datetime) -> None:
    with clock.frozen(moment):
        run_due()


def states(*notifications: Notification) -> list[str]:
    return [Notification.objects.get(pk=one.pk).state for one in notifications]


def test_what_was_held_overnight_comes_as_one_message(
    ada: Recipient, mail_server: MailServer
) -> None:
    held = [hold(ada, number) for number in (1, 2, 3)]
    assert states(*held) == ["accepted"] * 3
    at(MORNING)
    [mail] = mail_server.messages
    assert (mail["Subject"], mail["To"]) == ("3 receipts", "ada@example.com")
    assert text_of(mail) == "Receipt 1 for Ada;Receipt 2 for Ada;Receipt 3 for Ada;"
    assert states(*held) == ["digested"] * 3
    digest = Digest.objects.select_related("notification").get()
    assert (digest.state, digest.items_count, digest.opened_at) == ("closed", 3, NIGHT)
    assert digest.notification is not None
    assert (digest.notification.state, digest.notification.recipient) == ("sent", ada)
    reason = f"told in notification {digest.notification.pk}, after the quiet hours"
    assert {one.reason for one in Notification.objects.filter(state="digested")} == {reason}
    at(MORNING + timedelta(hours=1))
    assert len(mail_server.messages) == 1


def test_a_single_message_comes_as_itself(ada: Recipient, mail_server: MailServer) -> None:
    held = hold(ada, 1)
    at(MORNING)
    assert [mail["Subject"] for mail in mail_server.messages] == ["Receipt 1"]
    assert states(held) == ["sent"]
    assert not Digest.objects.exists()


def test_what_is_not_alike_is_not_told_together(ada: Recipient, mail_server: MailServer) -> None:
    bea = save_recipient("user-18", email="bea@example.com", timezone="Europe/Berlin")
    save_category("bills", quiet_hours="digest", digest_template="overnight")
    for to, category in ((ada, "receipts"), (ada, "bills"), (bea, "receipts")):
        hold(to, 1, category=category)
        hold(to, 2, category=category)
    hold(ada, 3, category="other")
    at(MORNING)
    told = sorted((mail["To"], mail["Subject"]) for mail in mail_server.messages)
    assert told == [
        ("ada@example.com", "2 receipts"),
        ("ada@example.com", "2 receipts"),
        ("ada@example.com", "Receipt 3"),
        ("bea@example.com", "2 receipts"),
    ]


def test_what_was_cancelled_or_has_expired_is_not_told(
    ada: Recipient, mail_server: MailServer
) -> None:
    kept, other, cancelled = hold(ada, 1), hold(ada, 2), hold(ada, 3)
    late = hold(ada, 4, expires_at=MORNING + timedelta(minutes=1))
    cancel(cancelled.pk, reason="paid")
    at(MORNING + timedelta(minutes=2))
    with clock.frozen(MORNING + timedelta(minutes=2)):
        expire_tasks()
    assert [mail["Subject"] for mail in mail_server.messages] == ["2 receipts"]
    assert states(kept, other, cancelled, late) == [
        "digested",
        "digested",
        "cancelled",
        "expired",
    ]


def test_a_category_switched_off_overnight_is_not_told(
    ada: Recipient, mail_server: MailServer
) -> None:
    held = [hold(ada, number) for number in (1, 2)]
    set_preference(ada, False, category="receipts")
    at(MORNING)
    assert mail_server.messages == []
    assert states(*held) == ["suppressed"] * 2


@pytest.mark.parametrize("template", ["", "missing"])
def test_without_a_digest_template_they_come_one_by_one(
    ada: Recipient, mail_server: MailServer, template: str
) -> None:
    save_category("receipts", digest_template=template)
    held = [hold(ada, number) for number in (1, 2)]
    at(MORNING)
    assert sorted(mail["Subject"] for mail in mail_server.messages) == ["Receipt 1", "Receipt 2"]
    assert states(*held) == ["sent"] * 2


def test_a_template_that_fails_loses_nothing(ada: Recipient, mail_server: MailServer) -> None:
    publish_template("overnight", subject="{{ count }}", text="{{ items.0.context.nothing.of.it }}")
    held = [hold(ada, number) for number in (1, 2)]
    at(MORNING)
    assert len(mail_server.messages) == 2
    assert states(*held) == ["sent"] * 2
    assert not Digest.objects.exists()


def test_what_finds_no_room_comes_in_another_message(
    ada: Recipient, mail_server: MailServer, bellringer: dict[str, Any]
) -> None:
    held = [hold(ada, number) for number in range(5)]
    bellringer["CONTEXT_LIMIT"] = 600
    at(MORNING)
    subjects = [mail["Subject"] for mail in mail_server.messages]
    assert len(subjects) > 1
    told = sum(int(one.split()[0]) for one in subjects if one.endswith("receipts"))
    alone = [one for one in subjects if one.startswith("Receipt ")]
    assert told + len(alone) == len(held)
    assert set(states(*held)) <= {"digested", "sent"}


def test_collecting_twice_and_at_once_gives_one_message(
    ada: Recipient, mail_server: MailServer
) -> None:
    held = [hold(ada, number) for number in range(6)]
    begin = threading.Barrier(4)

    def release(number: int) -> None:
        try:
            begin.wait(20)
            collect({held[number].pk: "overnight"})
        finally:
            connection.close()

    with clock.frozen(MORNING):
        threads = [threading.Thread(target=release, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        collect({held[0].pk: "overnight"})
        schedule([one.pk for one in held], collect=collect)
        run_due()
    assert states(*held) == ["digested"] * 6
    assert [mail["Subject"] for mail in mail_server.messages] == ["6 receipts"]
    assert Digest.objects.count() == 1
