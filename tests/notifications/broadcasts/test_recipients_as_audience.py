"""Broadcasts to recipients by key: address, language and zone are looked up, and wishes are kept to."""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import Settings

from notifications.api import (
    Receiver,
    broadcast_progress,
    create_broadcast,
    delete_recipient,
    fill_broadcast,
    publish_template,
    resume_broadcast,
    save_category,
    save_recipient,
    set_preference,
    suppress,
)
from notifications.models import BroadcastReceiver, Notification, Recipient, TemplateVersion
from tests.notifications.broadcasts.conftest import run_all, state_of
from tests.notifications.conftest import Changed
from tests.support.mail_server import MailServer, text_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _texts(news: TemplateVersion, settings: Settings) -> None:
    publish_template("news", subject="Neues", text="Hallo {{ name }}!", locale="de")
    save_category("news", name="News")
    Changed(settings)["PUBLIC_URL"] = "https://notify.bank.example"


def save(number: int, **options: Any) -> Recipient:
    return save_recipient(f"user-{number}", email=f"u{number}@example.com", **options)


def everybody(count: int) -> list[Receiver]:
    return [Receiver(to=f"user-{n}", context={"name": f"N{n}"}) for n in range(count)]


def test_recipients_are_reached_by_key_in_their_own_language(mail_server: MailServer) -> None:
    save(0, locale="de", timezone="Europe/Berlin")
    ada = save(1)
    audience = [*everybody(1), Receiver(to=ada, context={"name": "Ada"})]
    create_broadcast("may", "news", audience, category="news")
    run_all()
    told = {mail["To"]: text_of(mail).strip() for mail in mail_server.messages}
    assert told == {"u0@example.com": "Hallo N0!", "u1@example.com": "Dear Ada, news."}
    links = {str(mail["List-Unsubscribe"]) for mail in mail_server.messages}
    assert len(links) == 2
    assert all(link.startswith("<https://notify.bank.example/u/") for link in links)
    assert {one.recipient.key for one in Notification.objects.all() if one.recipient} == {
        "user-0",
        "user-1",
    }
    assert state_of("may") == "finished"


def test_a_recipient_and_its_address_are_one_receiver(mail_server: MailServer) -> None:
    ada = save(0)
    one = {"context": {"name": "Ada"}}
    create_broadcast(
        "may",
        "news",
        [
            Receiver(to="user-0", **one),  # type: ignore[arg-type]
            Receiver(to=ada, **one),  # type: ignore[arg-type]
            Receiver(to="U0@example.com", **one),  # type: ignore[arg-type]
        ],
    )
    progress = broadcast_progress("may")
    assert (progress.total, progress.duplicates) == (1, 2)
    run_all()
    assert len(mail_server.messages) == 1


def test_a_recipient_whose_address_changes_while_it_is_filled_counts_once() -> None:
    save(0)
    create_broadcast("may", "news")
    with pytest.raises(Exception, match=r"audience\[1\]"):
        fill_broadcast("may", [*everybody(1), "nobody"])
    create_broadcast("june", "news", chunk_size=1)
    with pytest.raises(Exception, match=r"audience\[1\]"):
        fill_broadcast("june", [*everybody(1), "nobody"])
    save_recipient("user-0", email="new@example.com")
    fill_broadcast("june", everybody(1))
    assert broadcast_progress("june").total == 1


def test_wishes_and_the_suppression_list_are_counted(mail_server: MailServer) -> None:
    people = [save(number) for number in range(5)]
    set_preference(people[0], False, category="news")
    set_preference(people[1], False, category="news")
    suppress("email", "u2@example.com", reason="complaint")
    create_broadcast("may", "news", everybody(5), category="news")
    run_all()
    progress = broadcast_progress("may")
    assert (progress.notifications["sent"], progress.notifications["suppressed"]) == (2, 3)
    assert progress.suppressed == {
        "the recipient switched off category 'news'": 2,
        "the address is on the suppression list: complaint": 1,
    }
    assert progress.ended == progress.total == 5


def test_who_has_no_address_or_is_unknown_is_named() -> None:
    save_recipient("user-0", sms="+4915112345678")
    entries = [*everybody(2)]
    create_broadcast("may", "news", entries, skip_invalid=True)
    problems = list(BroadcastReceiver.objects.order_by("pk").values_list("problem", flat=True))
    assert "has no address for channel email" in problems[0]
    assert "nor is it the key of a recipient" in problems[1]


def test_a_recipient_who_is_deleted_before_it_goes_out_is_still_reached_by_address(
    mail_server: MailServer,
) -> None:
    save(0)
    create_broadcast("may", "news", everybody(1), hold=True)
    delete_recipient("user-0")
    resume_broadcast("may")
    run_all()
    assert [mail["To"] for mail in mail_server.messages] == ["u0@example.com"]


def test_a_thousand_recipients_are_looked_up_in_chunks() -> None:
    for number in range(60):
        save(number)
    with CaptureQueriesContext(connection) as few:
        create_broadcast("may", "news", everybody(20), chunk_size=20, hold=True)
    with CaptureQueriesContext(connection) as many:
        create_broadcast("june", "news", everybody(60), chunk_size=60, hold=True)
    assert len(many) <= len(few)
