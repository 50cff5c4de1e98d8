"""Guarantee 18, erasing a recipient: afterwards no row of the database holds the address."""

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import ProgrammingError, connection
from django.test import Client

from notifications.api import erase, notify
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidNotification
from notifications.models import (
    Delivery,
    DeliveryAttempt,
    Erasure,
    Notification,
    TemplateVersion,
)
from notifications.privacy.erasure import messages, traces
from notifications.privacy.erasure.by_notification import erase_receiver
from notifications.privacy.erasure.subject import subject_of
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.pipeline.deliver import deliver
from notifications.triggers.scheduled_events import create_scheduled_event
from tasks_core import cancel, clock, replay
from tasks_core.exceptions import ReplayRefused
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=18)]

ADA = "ada.l+x@example.com"
NAME = "Lovelace"
GOOD: dict[str, Any] = {"number": 7, "name": NAME, "amount": "12.5"}


def send(to: str = ADA, **options: Any) -> Notification:
    return notify("receipt", to=to, context=GOOD, **options)


def tables_that_hold(text: str) -> list[str]:
    """Look through every row of every table, as text and whatever the case."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(
                f'SELECT count(*) FROM "{table}" t WHERE position(lower(%s) IN lower(t::text)) > 0',
                [text],
            )
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_point_18_no_table_holds_the_address_or_the_texts_afterwards(
    receipt: TemplateVersion, mail_server: MailServer, receiver: Receiver
) -> None:
    mail_server.refusals.append(f"550 <{ADA}> is unknown to me")
    send(idempotency_key=f"welcome-{ADA}", correlation_id=f"user:{ADA}", supersede_key=ADA)
    run_due()
    send()
    run_due()
    waiting = send(run_after=clock.now() + timedelta(days=1))
    create_scheduled_event(
        webhook=receiver.url, schedule_at=clock.now(), payload={"to": ADA.upper(), "n": [ADA]}
    )
    run_due()
    assert DeadLetter.objects.filter(message__contains=ADA).exists()
    before = tables_that_hold(ADA)
    assert {
        "notifications_notification",
        "notifications_delivery",
        "notifications_deliveryattempt",
        "notifications_triggerevent",
        "notifications_triggerinvocation",
        "tasks_core_task",
        "tasks_core_deadletter",
        "tasks_core_taskevent",
    } <= set(before)

    counts = erase(address=ADA.upper())

    assert tables_that_hold(ADA) == []
    assert tables_that_hold(NAME) == []
    assert (counts["notifications"], counts["cancelled"], counts["deliveries"]) == (3, 1, 2)
    assert counts["dead letters"] == 1
    waiting.refresh_from_db()
    assert (waiting.state, waiting.reason) == ("cancelled", "the recipient was erased")
    run_due()
    assert len(mail_server.messages) == 1


def test_running_it_again_changes_nothing(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    send()
    run_due()
    assert erase(address=ADA)
    assert erase(address=ADA) == {}


def test_others_keep_what_is_theirs(receipt: TemplateVersion, mail_server: MailServer) -> None:
    others = ["b" + ADA, ADA + ".au", ADA.replace(".", "x", 1), "bob@example.com"]
    for other in others:
        mail_server.refusals.append(f"550 <{other}> is unknown")
        send(other)
        run_due()
    send()
    run_due()
    erase(address=ADA)
    kept = Notification.objects.exclude(address__startswith="erased:")
    assert sorted(kept.values_list("address", flat=True)) == sorted(others)
    assert all(row.context == GOOD for row in kept)
    for other in others:
        assert DeadLetter.objects.filter(message__contains=f"<{other}>").count() == 1


def test_rows_of_one_person_still_belong_together(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    send()
    send("bob@example.com")
    send(ADA.replace("ada", "Ada"))
    run_due()
    erase(address=ADA)
    erase(address="bob@example.com")
    addresses = list(Delivery.objects.order_by("pk").values_list("address", flat=True))
    assert addresses[0] == addresses[2] == subject_of(ADA).tombstone
    assert addresses[1] == subject_of("bob@example.com").tombstone != addresses[0]


def test_many_chunks_come_to_the_same(
    receipt: TemplateVersion, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(messages, "CHUNK", 2)
    monkeypatch.setattr(traces, "CHUNK", 3)
    for _ in range(5):
        send()
    run_due()
    counts = erase(address=ADA)
    assert (counts["notifications"], counts["deliveries"], counts["attempts"]) == (5, 5, 5)
    assert tables_that_hold(ADA) == []


def test_what_was_interrupted_goes_on_where_it_was(
    receipt: TemplateVersion, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, *_ = [send() for _ in range(3)]
    run_due()
    Task.objects.filter(task_type="notification.render").update(result={"to": ADA})
    with monkeypatch.context() as broken:
        broken.setitem(traces.PLACES, "broken", traces.Place(table="no_such_table"))
        with pytest.raises(ProgrammingError):
            erase_receiver(asked.pk, "grace")
    assert list(Notification.objects.filter(address=ADA)) == [asked]
    counts = erase_receiver(asked.pk, "grace")
    assert counts["notifications"] == 1
    assert tables_that_hold(ADA) == []
    assert erase_receiver(asked.pk, "grace") == {}


def test_an_attempt_that_is_under_way_writes_nothing_about_the_erased(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    send()
    delivery = Delivery.objects.get()

    def slow(sendable: Sendable) -> SendResult:
        assert erase(address=ADA)["cancelled"] == 1
        about = {"to": sendable.address}
        return SendResult(
            outcome=Outcome.SUCCESS, error=ADA, request=about, response=about, status_code=250
        )

    task = Task.objects.get(task_type="notification.deliver.email")
    deliver(delivery.pk, task.pk, slow)
    delivery.refresh_from_db()
    assert delivery.state == "sent"
    attempt = DeliveryAttempt.objects.get()
    assert (attempt.outcome, attempt.request, attempt.response) == ("success", {}, {})
    assert tables_that_hold(ADA) == []


def test_a_replay_of_an_erased_message_sends_nothing(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("550 no such user")
    send()
    run_due()
    erase(address=ADA)
    with pytest.raises(ReplayRefused, match="its content was removed"):
        replay(DeadLetter.objects.get().pk)
    run_due()
    assert mail_server.messages == []
    assert Delivery.objects.get().state == "failed"


def test_tasks_that_have_not_ended_are_counted_and_left(receipt: TemplateVersion) -> None:
    Task.objects.all().delete()
    send()
    task = Task.objects.get()
    Task.objects.filter(pk=task.pk).update(payload={"notification": 0, "to": ADA})
    assert erase(address=ADA)["unfinished tasks that hold it"] == 1
    cancel(task.pk, reason="not wanted")
    counts = erase(address=ADA)
    assert counts["tasks"] == 1
    assert "unfinished tasks that hold it" not in counts


@pytest.mark.parametrize("address", ["", " ", "a@b", "erased:0123", "a\nb@example.com"])
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(InvalidNotification, match=r"^address: "):
        erase(address=address)


def test_the_log_says_who_and_not_whom(
    receipt: TemplateVersion, caplog: pytest.LogCaptureFixture
) -> None:
    send()
    with caplog.at_level("INFO"):
        erase(address=ADA, actor="grace")
    [record] = [one for one in caplog.records if one.message == "a recipient was erased"]
    assert vars(record)["asked_by"] == "grace"
    assert vars(record)["erased_as"] == subject_of(ADA).tombstone
    assert ADA not in str(vars(record))


def test_the_command_erases_once_it_is_confirmed(
    receipt: TemplateVersion,
    mail_server: MailServer,
    process_environment: dict[str, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    send()
    run_due()
    with pytest.raises(CommandError, match="add --yes"):
        call_command("erase_recipient", ADA)
    assert Notification.objects.get().address == ADA
    done = subprocess.run(
        [sys.executable, "manage.py", "erase_recipient", "-", "--yes"],
        input=ADA + "\n",
        env=process_environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "1\tnotifications" in done.stdout
    assert ADA not in done.stdout + done.stderr
    assert tables_that_hold(ADA) == []


def test_the_admin_erases_with_its_permission_and_keeps_no_address(
    receipt: TemplateVersion, mail_server: MailServer, client: Client
) -> None:
    first, other = send(), send()
    run_due()
    user = User.objects.create_user("grace", is_staff=True)
    user.user_permissions.add(Permission.objects.get(codename="change_notification"))
    client.force_login(user)
    url = f"/admin/notifications/notification/{first.pk}/erase/"
    assert client.post(url, {"sure": "on"}).status_code == 403
    user.user_permissions.add(Permission.objects.get(codename="erase_notification"))
    assert "It cannot be taken back" in client.get(url).content.decode()
    client.post(url, {})
    assert not Task.objects.filter(task_type="notification.erase_recipient").exists()
    client.post(url, {"sure": "on"})
    task = Task.objects.get(task_type="notification.erase_recipient")
    asked = Erasure.objects.get()
    assert (asked.notification_id, asked.asked_by) == (first.pk, "grace")
    assert task.payload == {"erasure": asked.pk}
    run_due()
    assert tables_that_hold(ADA) == []
    other.refresh_from_db()
    assert other.address == subject_of(ADA).tombstone
    [entry] = LogEntry.objects.exclude(change_message="Viewed.")
    assert entry.user == user
    assert "Erase recipient" in entry.change_message


def test_looking_at_a_message_is_logged_without_it(
    receipt: TemplateVersion,
    mail_server: MailServer,
    admin_client: Client,
    caplog: pytest.LogCaptureFixture,
) -> None:
    notification = send()
    run_due()
    delivery = notification.deliveries.get()
    with caplog.at_level("INFO"):
        admin_client.get(f"/admin/notifications/notification/{notification.pk}/change/")
        admin_client.get(f"/admin/notifications/delivery/{delivery.pk}/change/")
        admin_client.get("/admin/notifications/notification/")
    seen = [vars(one) for one in caplog.records if one.message == "personal data was viewed"]
    assert [(one["viewed_by"], one["viewed"], one["viewed_id"]) for one in seen] == [
        ("admin", "notification", notification.pk),
        ("admin", "delivery", delivery.pk),
    ]
    assert ADA not in str(seen)
