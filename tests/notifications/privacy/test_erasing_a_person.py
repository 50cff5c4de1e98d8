"""Point 18: every table is filled for one person, who is erased; then no table tells of her."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection
from django.test import Client
from pytest_django import Settings

from notifications.api import (
    Message,
    Receiver,
    add_to_digest,
    broadcast_progress,
    create_broadcast,
    erase,
    get_recipient,
    notify,
    notify_many,
    publish_template,
    register_destination,
    resume_broadcast,
    save_recipient,
    set_preference,
    suppress,
    suppressions_of,
)
from notifications.broadcasts.upkeep import advance_broadcasts
from notifications.exceptions import InvalidNotification, RecipientNotFound
from notifications.keys.address_hash import address_hash
from notifications.models import (
    Digest,
    DigestItem,
    InboxMessage,
    KeptCode,
    LimitCounter,
    Notification,
    ProviderEvent,
    Recipient,
    RecipientAddress,
    SoftBounces,
    TemplateVersion,
)
from notifications.privacy.erasure.hashes import erase_hashed
from notifications.provider_events.record import record_report
from notifications.provider_events.report import Report
from notifications.rules.provider_events import Bounce, EventKind
from tasks_core import clock
from tasks_core.testing import run_due
from tests.notifications.conftest import Changed
from tests.notifications.privacy.test_erasure import tables_that_hold
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db(transaction=True)

ADA = "ada.l+x@example.com"
OLD = "ada.old@example.org"
PHONE = "+4915112345678"
OWNER = "owner-4711"
NAME = "Lovelace"
GOOD: dict[str, Any] = {"number": 7, "name": NAME, "amount": "12.5"}


@pytest.fixture(autouse=True)
def templates(receipt: TemplateVersion, code_template: TemplateVersion, settings: Settings) -> None:
    publish_template("comments", subject="{{ count }}", text="{{ count }} comments")
    publish_template("hello", channel="inbox", subject="Hello", text="Dear {{ name }}")
    changed = Changed(settings)
    changed["OTP_RECIPIENT_LIMITS"] = ["100/h"]
    changed["SUPPRESSION_KEEP_ADDRESSES"] = True


def report(kind: EventKind, number: int, **options: Any) -> Report:
    return Report(
        source="acme",
        event_id=f"{number}-{ADA}",
        kind=kind,
        channel="email",
        address=ADA,
        occurred_at=clock.now(),
        reason=f"550 <{ADA}> is full",
        **options,
    )


def fill() -> None:
    """Let everything happen to Ada that the public API has."""
    save_recipient(
        "user-17",
        email=OLD,
        sms=PHONE,
        addresses={"inbox": OWNER},
        attributes={"mail": ADA, "name": NAME},
    )
    notify("receipt", to="user-17", channel="email", context=GOOD)
    run_due()
    ada = save_recipient("user-17", email=ADA)
    set_preference(ada, False, category="news")
    notify("receipt", to=ada, channel="email", context=GOOD)
    notify("hello", to=ada, channel="inbox", context={"name": NAME})
    notify_many("receipt", [Message(to="bob@example.com", context={**GOOD, "name": ADA})])
    notify(
        "one-time-code",
        to=ADA,
        context={"name": NAME},
        secret_context={"code": "482913"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
        resends=2,
    )
    run_due()
    suppress("email", ADA, reason="complaint", source="acme")
    record_report(report(EventKind.BOUNCED, 1, bounce=Bounce.SOFT))
    add_to_digest(
        "comments",
        to=ADA,
        item={"who": NAME},
        key=f"comments-{ADA}",
        window=timedelta(minutes=10),
    )
    add_to_digest(
        "comments",
        to="bob@example.com",
        item={"who": ADA},
        key="comments",
        window=timedelta(minutes=10),
    )
    people = [Receiver(to=to, context=GOOD) for to in (ADA, "bob@example.com", "user-17")]
    create_broadcast("may", "receipt", people, hold=True)


def rows_of_ada() -> set[str]:
    return {name for text in (ADA, OLD, PHONE, OWNER) for name in tables_that_hold(text)}


def test_point_18_all_tables_are_filled_and_none_holds_her_afterwards(
    mail_server: MailServer,
) -> None:
    fill()
    assert {
        "notifications_notification",
        "notifications_delivery",
        "notifications_deliveryattempt",
        "notifications_inboxmessage",
        "notifications_recipient",
        "notifications_recipientaddress",
        "notifications_suppression",
        "notifications_providerevent",
        "notifications_digest",
        "notifications_digestitem",
        "notifications_broadcastreceiver",
    } <= rows_of_ada()
    assert all(model.objects.exists() for model in (KeptCode, SoftBounces, LimitCounter))

    counts = erase(recipient="user-17")

    assert rows_of_ada() == set()
    # What is still to be written to Bob has that name.
    assert tables_that_hold(NAME) == ["notifications_broadcastreceiver"]
    assert counts["recipients"] == counts["kept codes"] == counts["inbox messages"] == 1
    assert not any(model.objects.exists() for model in (KeptCode, SoftBounces, InboxMessage))
    assert not Recipient.objects.exists()
    assert not RecipientAddress.objects.exists()
    hashes = {address_hash("email", one) for one in (ADA, OLD)}
    assert not ProviderEvent.objects.filter(address_hash__in=hashes).exists()
    assert Digest.objects.filter(state="cancelled", items__isnull=True).count() == 1
    assert DigestItem.objects.count() == 1
    with pytest.raises(RecipientNotFound, match="there is no recipient"):
        erase(recipient="user-17")


def test_the_next_mail_to_who_was_erased_is_suppressed_as_before(mail_server: MailServer) -> None:
    fill()
    sent = len(mail_server.messages)
    erase(recipient="user-17")
    [complaint] = [one for one in suppressions_of("email", ADA) if one.reason == "complaint"]
    assert complaint.address == ""
    late = notify("receipt", to=ADA, context=GOOD)
    run_due()
    late.refresh_from_db()
    assert (late.state, len(mail_server.messages)) == ("suppressed", sent)


def test_what_was_switched_off_stays_off(mail_server: MailServer) -> None:
    ada = save_recipient("user-17", email=ADA, sms=PHONE)
    set_preference(ada, False, category="news", channel="email")
    set_preference(ada, True, category="sport")
    erase(recipient="user-17")
    [entry] = suppressions_of("email", ADA)
    assert (entry.category, entry.reason, entry.address) == ("news", "unsubscribe", "")
    assert suppressions_of("sms", PHONE) == []
    news = notify("receipt", to=ADA, context=GOOD, category="news")
    other = notify("receipt", to=ADA, context=GOOD)
    run_due()
    assert [Notification.objects.get(pk=one.pk).state for one in (news, other)] == [
        "suppressed",
        "sent",
    ]


def test_an_erased_receiver_of_a_broadcast_is_rejected_and_the_others_are_reached(
    mail_server: MailServer,
) -> None:
    people = [Receiver(to=to, context=GOOD) for to in (ADA, "bob@example.com", "eve@example.com")]
    create_broadcast("may", "receipt", people, hold=True)
    assert erase(address=ADA)["broadcast receivers"] == 1
    resume_broadcast("may")
    while run_due():
        advance_broadcasts()
    progress = broadcast_progress("may")
    assert (progress.total, progress.rejected, progress.waiting) == (3, 1, 0)
    assert progress.notifications["sent"] == 2
    assert sorted(mail["To"] for mail in mail_server.messages) == [
        "bob@example.com",
        "eve@example.com",
    ]


def test_an_open_digest_to_who_is_erased_is_never_sent(mail_server: MailServer) -> None:
    window = timedelta(minutes=10)
    add_to_digest("comments", to=ADA, item={"who": "Bea"}, key="comments", window=window)
    assert erase(address=ADA)["digests"] == 1
    with clock.frozen(datetime.now(UTC) + window):
        run_due()
    assert mail_server.messages == []
    assert Digest.objects.get().state == "cancelled"


def test_one_address_of_several_leaves_the_recipient_with_the_others() -> None:
    save_recipient("user-17", email=ADA, sms=PHONE)
    assert erase(address=ADA) == {"recipient addresses": 1}
    assert [one.channel for one in get_recipient("user-17").addresses.all()] == ["sms"]
    assert erase(address="+49 1511 2345678")["recipients"] == 1
    assert erase(address=PHONE) == {}


def test_an_address_that_says_nothing_by_itself_is_erased_on_its_channel_only() -> None:
    save_recipient("user-17", addresses={"inbox": "4711"})
    sent = notify("hello", to="user-17", channel="inbox", context={"name": NAME})
    run_due()
    with pytest.raises(InvalidNotification, match="or the channel"):
        erase(address="4711")
    assert erase(address="4711", channel="inbox")["inbox messages"] == 1
    sent.refresh_from_db()
    assert sent.address.startswith("erased:")
    assert tables_that_hold(NAME) == []


def test_a_push_subscription_known_by_a_name_is_forgotten() -> None:
    url = "https://hooks.slack.com/services/T0/B0/secret"
    register_destination("ada-phone", channel="slack", url=url)
    assert erase(address="ada-phone", channel="slack") == {"destinations": 1}


@pytest.mark.parametrize("given", [{}, {"address": ADA, "recipient": "user-17"}])
def test_either_an_address_or_a_key_is_asked_for(given: dict[str, str]) -> None:
    with pytest.raises(InvalidNotification, match="either an address or the key"):
        erase(**given)  # type: ignore[arg-type]


def test_it_goes_on_after_a_crash_between_two_addresses(
    mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill()
    calls: list[object] = []

    def killed(subject: Any) -> Any:
        calls.append(subject)
        if len(calls) == 2:
            raise SystemExit
        return erase_hashed(subject)

    with monkeypatch.context() as broken:
        broken.setattr("notifications.privacy.erasure.erase.erase_hashed", killed)
        with pytest.raises(SystemExit):
            erase(recipient="user-17")
    assert Recipient.objects.exists()
    erase(recipient="user-17")
    assert rows_of_ada() == set()


def test_the_command_erases_by_key(capsys: pytest.CaptureFixture[str]) -> None:
    save_recipient("user-17", email=ADA)
    with pytest.raises(CommandError, match="either an ADDRESS or --recipient"):
        call_command("erase_recipient", yes=True)
    call_command("erase_recipient", recipient="user-17", yes=True)
    assert "1\trecipients" in capsys.readouterr().out
    assert rows_of_ada() == set()


def test_every_page_with_personal_data_says_who_looked(
    mail_server: MailServer, admin_client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    fill()
    pages = ["notification", "delivery", "recipient", "suppression", "digest", "broadcast"]
    pages.append("providerevent")
    with connection.cursor() as cursor:
        for page in pages:
            cursor.execute(f"SELECT min(id) FROM notifications_{page}")
            key = cursor.fetchone()[0]
            with caplog.at_level("INFO"):
                answer = admin_client.get(f"/admin/notifications/{page}/{key}/change/")
            assert answer.status_code == 200, page
    said = [vars(one) for one in caplog.records if one.message == "personal data was viewed"]
    assert [one["viewed"] for one in said] == pages
    assert {one["viewed_by"] for one in said} == {"admin"}
    assert ADA not in str(said)
    assert list(LogEntry.objects.order_by("pk").values_list("change_message", flat=True)) == [
        "Viewed."
    ] * len(pages)
