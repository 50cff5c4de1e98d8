"""The suppression list is looked at when a message is sent (guarantee 12)."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction

import tasks_core
from notifications.api import (
    notify,
    save_category,
    save_recipient,
    suppress,
    suppressions_of,
    unsuppress,
)
from notifications.exceptions import InvalidSuppression
from notifications.keys import keyring
from notifications.keys.address_hash import address_hash
from notifications.models import (
    Notification,
    Recipient,
    SealedKey,
    SoftBounces,
    Suppression,
    TemplateVersion,
)
from notifications.people.suppression.bounces import count_soft_bounce, forget_soft_bounces
from tasks_core import clock
from tasks_core.models import DeadLetter
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.guarantee(n=12)

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
DAY = timedelta(days=1)


def send(**options: Any) -> Notification:
    notification = notify("receipt", **{"to": "ada@example.com", "context": GOOD, **options})
    run_due()
    notification.refresh_from_db()
    return notification


@pytest.mark.django_db
def test_an_address_on_the_list_gets_nothing_in_any_spelling(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    suppress("email", " Ada@EXAMPLE.com", reason="hard_bounce")
    notification = send()
    assert notification.state == notification.deliveries.get().state == "suppressed"
    assert notification.reason == "the address is on the suppression list: hard bounce"
    assert mail_server.messages == []
    assert not DeadLetter.objects.exists()
    assert send(to="bob@example.com").state == "sent"


@pytest.mark.django_db
def test_the_address_of_a_recipient_counts_like_any_other(
    ada: Recipient, receipt: TemplateVersion, mail_server: MailServer
) -> None:
    suppress("email", "ada@example.com")
    assert send(to=ada).state == "suppressed"
    save_recipient("user-17", email="ada@new.example")
    assert send(to=ada).state == "sent"


@pytest.mark.django_db
def test_it_is_looked_at_before_every_attempt(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("450 busy")
    notification = send()
    assert notification.state == "in_progress"
    suppress("email", "ada@example.com", reason="complaint")
    with clock.frozen(datetime.now(UTC) + DAY):
        run_due()
    notification.refresh_from_db()
    assert notification.state == "suppressed"
    assert mail_server.messages == []


@pytest.mark.django_db
def test_a_replay_does_not_get_around_the_list(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    mail_server.refusals.append("550 no such user")
    notification = send()
    assert notification.state == "failed"
    suppress("email", "ada@example.com", reason="hard_bounce")
    tasks_core.replay(DeadLetter.objects.get().pk)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "failed"
    assert mail_server.messages == []
    messages = DeadLetter.objects.values_list("message", flat=True)
    assert any("suppression list" in message for message in messages)


@pytest.mark.django_db
def test_an_entry_for_a_category_stops_what_is_below_and_nothing_else(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    save_category("news")
    save_category("news.sport", parent="news")
    suppress("email", "ada@example.com", reason="unsubscribe", category="news")
    assert send(category="news.sport").state == "suppressed"
    assert send(category="news").state == "suppressed"
    assert send(category="billing").state == "sent"
    assert send().state == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("reason", "state"),
    [
        ("unsubscribe", "sent"),
        ("complaint", "sent"),
        ("hard_bounce", "suppressed"),
        ("soft_bounce", "suppressed"),
        ("manual", "suppressed"),
    ],
)
def test_critical_messages_are_stopped_by_what_does_not_work_not_by_wishes(
    receipt: TemplateVersion, mail_server: MailServer, reason: str, state: str
) -> None:
    suppress("email", "ada@example.com", reason=reason)
    assert send(critical=True).state == state


@pytest.mark.django_db
def test_an_entry_holds_until_it_expires(receipt: TemplateVersion, mail_server: MailServer) -> None:
    now = datetime.now(UTC)
    suppress("email", "ada@example.com", expires_at=now + DAY)
    assert send().state == "suppressed"
    with clock.frozen(now + 2 * DAY):
        assert suppressions_of("email", "ada@example.com") == []
        assert send().state == "sent"


@pytest.mark.django_db
def test_a_longer_entry_wins_and_is_taken_off_again() -> None:
    now = datetime.now(UTC)
    for until in (now + DAY, None, now + 2 * DAY):
        suppress("email", "ada@example.com", expires_at=until)
    [entry] = suppressions_of("email", "ada@example.com")
    assert entry.expires_at is None
    suppress("email", "ada@example.com", reason="unsubscribe", category="news")
    assert unsuppress("email", "ADA@example.com", reason="manual") == 1
    assert unsuppress("email", "ada@example.com", category="") == 0
    assert unsuppress("email", "ada@example.com") == 1
    assert not Suppression.objects.exists()


@pytest.mark.django_db
def test_the_list_keeps_hashes_and_the_address_only_if_told_to(bellringer: dict[str, Any]) -> None:
    suppress("email", "Ada@example.com")
    entry = Suppression.objects.get()
    assert entry.address == ""
    assert "ada@" not in str(vars(entry)).lower()
    assert entry.address_hash == address_hash("email", "ada@example.com")
    bellringer["SUPPRESSION_KEEP_ADDRESSES"] = True
    suppress("email", "Bob@example.com")
    assert Suppression.objects.get(address="bob@example.com").channel == "email"


@pytest.mark.django_db
def test_hashes_differ_between_installations_channels_and_addresses() -> None:
    found = {address_hash("email", "a@b.example"), address_hash("sms", "a@b.example")}
    found.add(address_hash("email", "c@b.example"))
    SealedKey.objects.all().delete()
    keyring.forget()
    found.add(address_hash("email", "a@b.example"))
    assert len(found) == 4
    assert {len(one) for one in found} == {32}


@pytest.mark.django_db(transaction=True)
def test_a_key_made_in_a_transaction_that_is_rolled_back_is_not_remembered() -> None:
    with transaction.atomic():
        lost = keyring.key("address-hash")
        transaction.set_rollback(True)
    assert keyring.key("address-hash") != lost


@pytest.mark.django_db(transaction=True)
def test_processes_that_start_together_agree_on_the_key() -> None:
    found: list[bytes] = []
    barrier = threading.Barrier(8)

    def ask() -> None:
        barrier.wait()
        try:
            found.append(keyring._stored("address-hash"))
        finally:
            connection.close()

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("email", "ada"), "address"),
        (("email", ""), "address"),
        (("email", "@example.com"), "address"),
        (("sms", "030 123"), "address"),
        (("", "ada@example.com"), "channel"),
    ],
)
def test_a_wrong_entry_is_refused_without_quoting_it(
    arguments: tuple[str, str], field: str
) -> None:
    with pytest.raises(InvalidSuppression) as refused:
        suppress(*arguments)
    assert refused.value.field == field
    assert "030" not in str(refused.value)
    with pytest.raises(InvalidSuppression, match="reason: must be one of"):
        suppress("email", "ada@example.com", reason="spite")
    assert not Suppression.objects.exists()


@pytest.mark.django_db
def test_several_soft_bounces_stop_an_address_for_a_while(bellringer: dict[str, Any]) -> None:
    bellringer |= {"SOFT_BOUNCE_LIMIT": 3, "SOFT_BOUNCE_WINDOW_DAYS": 14.0}
    hashed = address_hash("email", "ada@example.com")
    now = datetime.now(UTC)

    def bounce(days: float) -> bool:
        return count_soft_bounce("email", hashed, at=now + days * DAY, source="acme")

    assert [bounce(0), bounce(1)] == [False, False]
    forget_soft_bounces("email", hashed)  # one was delivered
    assert [bounce(2), bounce(3), bounce(20), bounce(21)] == [False, False, False, False]
    assert bounce(22)
    [entry] = suppressions_of("email", "ada@example.com")
    assert (entry.reason, entry.source) == ("soft_bounce", "acme")
    assert entry.expires_at == now + 52 * DAY
    assert not SoftBounces.objects.exists()


@pytest.mark.django_db
def test_soft_bounces_can_be_ignored(bellringer: dict[str, Any]) -> None:
    bellringer["SOFT_BOUNCE_LIMIT"] = 0
    hashed = address_hash("email", "ada@example.com")
    assert not any(
        count_soft_bounce("email", hashed, at=datetime.now(UTC), source="acme") for _ in range(9)
    )


@pytest.mark.django_db(transaction=True)
def test_bounces_that_come_together_are_all_counted(bellringer: dict[str, Any]) -> None:
    bellringer["SOFT_BOUNCE_LIMIT"] = 1_000
    hashed = address_hash("email", "ada@example.com")
    barrier = threading.Barrier(8)

    def bounce() -> None:
        barrier.wait()
        try:
            for _ in range(10):
                count_soft_bounce("email", hashed, at=datetime.now(UTC), source="acme")
        finally:
            connection.close()

    threads = [threading.Thread(target=bounce) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert SoftBounces.objects.get().count == 80
