"""Unsubscribing by one click (reference: RFC 8058 / 2369 for mail we send)."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from cryptography.fernet import Fernet
from django.test import Client
from pytest_django import Settings

from notifications.api import (
    delete_recipient,
    notify,
    save_category,
    set_preference,
    suppress,
    suppressions_of,
)
from notifications.keys import keyring
from notifications.keys.address_hash import address_hash
from notifications.models import Category, Notification, Preference, Recipient, TemplateVersion
from notifications.people.unsubscribe.token import Subscription, decode, encode
from tasks_core.testing import run_due
from tests.admin.rows import text
from tests.notifications.people.conftest import PUBLIC
from tests.support.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=11)]

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
ONE_CLICK = "List-Unsubscribe=One-Click"
FORM = "application/x-www-form-urlencoded"


@pytest.fixture(autouse=True)
def _ready(receipt: TemplateVersion, bellringer: dict[str, Any], mail_server: MailServer) -> None:
    """All of these send receipts by mail, from an installation with a public address."""


@pytest.fixture
def strict() -> Client:
    """A client whose posts are checked as those of browsers are, and that has no cookies."""
    return Client(enforce_csrf_checks=True)


def send(**options: Any) -> Notification:
    notification = notify("receipt", **{"context": GOOD, "to": "ada@example.com", **options})
    run_due()
    notification.refresh_from_db()
    return notification


def link(server: MailServer) -> str:
    """Return the path of the unsubscribe link in the newest mail."""
    header = server.messages[-1]["List-Unsubscribe"]
    found = re.fullmatch(rf"<{re.escape(PUBLIC)}(/u/[\w-]+)>", header)
    assert found, header
    return found[1]


def click(client: Client, path: str) -> Any:
    return client.post(path, ONE_CLICK, content_type=FORM)


def test_every_mail_that_is_not_critical_has_both_headers_once(mail_server: MailServer) -> None:
    send(category="news")
    [mail] = mail_server.messages
    assert mail.get_all("List-Unsubscribe") == [f"<{PUBLIC}{link(mail_server)}>"]
    assert mail.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]


@pytest.mark.parametrize(
    "host", ["https://n.example", "https://notifications.a-bank-with-a-very-long-name.example"]
)
def test_the_link_is_on_the_wire_as_it_is(
    mail_server: MailServer, bellringer: dict[str, Any], host: str
) -> None:
    """No encoded words and no breaks within: mail programs and signatures cannot deal with those."""
    bellringer["PUBLIC_URL"] = host
    send(category="billing.reminders.second")
    [raw] = mail_server.raw
    line = re.search(rb"^List-Unsubscribe: <(\S+)>\r?\n", raw, re.MULTILINE)
    assert line, raw
    assert line[1].decode().startswith(f"{host}/u/")
    assert decode(line[1].decode().rpartition("/")[2]) is not None


@pytest.mark.parametrize("critical", ["caller", "category", "otp"])
def test_critical_mail_has_no_link(
    code_template: TemplateVersion, mail_server: MailServer, critical: str
) -> None:
    save_category("security", is_critical=True)
    if critical == "otp":
        notify(
            "one-time-code",
            to="ada@example.com",
            context={"name": "Ada"},
            secret_context={"code": "918273"},
            category="otp",
            expires_at=datetime.now(UTC) + timedelta(minutes=5),
        )
        run_due()
    elif critical == "caller":
        send(critical=True)
    else:
        send(category="security")
    [mail] = mail_server.messages
    assert "List-Unsubscribe" not in mail
    assert "List-Unsubscribe-Post" not in mail


def test_without_a_public_address_there_is_no_link(
    mail_server: MailServer, bellringer: dict[str, Any]
) -> None:
    bellringer["PUBLIC_URL"] = ""
    send()
    assert "List-Unsubscribe" not in mail_server.messages[0]


@pytest.mark.parametrize("method", ["get", "head", "options"])
def test_looking_at_the_link_changes_nothing(
    ada: Recipient, strict: Client, mail_server: MailServer, method: str
) -> None:
    send(to=ada, locale="en", category="news")
    answer = getattr(strict, method)(link(mail_server))
    assert answer.status_code in (200, 405)
    assert not Preference.objects.exists()
    assert send(to=ada, locale="en", category="news").state == "sent"


def test_the_page_asks_with_a_form(news: Category, strict: Client, mail_server: MailServer) -> None:
    send(category="news")
    answer = strict.get(link(mail_server))
    page = text(answer)
    assert "Unsubscribe from “News”?" in page
    assert f'<form method="post" action="{link(mail_server)}">' in page
    assert '<input type="hidden" name="List-Unsubscribe" value="One-Click">' in page
    assert "<script" not in page
    assert answer["Referrer-Policy"] == "no-referrer"
    assert answer["Cache-Control"] == "no-store"
    assert not strict.cookies


@pytest.mark.parametrize("multipart", [False, True])
def test_one_click_unsubscribes_a_recipient_at_once_without_cookies_or_login(
    ada: Recipient, news: Category, strict: Client, mail_server: MailServer, multipart: bool
) -> None:
    send(to=ada, locale="en", category="news")
    path = link(mail_server)
    if multipart:
        answer = strict.post(path, {"List-Unsubscribe": "One-Click"})
    else:
        answer = click(strict, path)
    assert answer.status_code == 200
    assert "You will get no more mails about “News”." in text(answer)
    preference = Preference.objects.get()
    assert (preference.recipient, preference.category, preference.channel) == (ada, "news", "email")
    assert not preference.enabled
    assert send(to=ada, locale="en", category="news").state == "suppressed"
    assert send(to=ada, locale="en", category="billing").state == "sent"


def test_one_click_unsubscribes_a_plain_address_from_the_category(
    strict: Client, mail_server: MailServer
) -> None:
    send(category="news")
    assert click(strict, link(mail_server)).status_code == 200
    [entry] = suppressions_of("email", "ada@example.com")
    assert (entry.reason, entry.category) == ("unsubscribe", "news")
    assert send(category="news").state == "suppressed"
    assert send(category="billing").state == "sent"
    assert send(to="bob@example.com", category="news").state == "sent"


def test_mail_without_a_category_unsubscribes_from_all_that_can_be_switched_off(
    ada: Recipient, strict: Client, mail_server: MailServer
) -> None:
    send(to=ada, locale="en")
    click(strict, link(mail_server))
    send(to="eve@example.com")
    click(strict, link(mail_server))
    assert send(to=ada, locale="en", category="news").state == "suppressed"
    assert send(to="eve@example.com", category="news").state == "suppressed"
    assert send(to="eve@example.com", critical=True).state == "sent"


def test_clicking_again_changes_nothing(
    ada: Recipient, strict: Client, mail_server: MailServer
) -> None:
    send(to=ada, locale="en", category="news")
    recipients = link(mail_server)
    send(to="eve@example.com", category="news")
    plain = link(mail_server)
    for path in (recipients, plain):
        assert [click(strict, path).status_code for _ in range(3)] == [200, 200, 200]
    assert Preference.objects.count() == 1
    assert len(suppressions_of("email", "eve@example.com")) == 1


@pytest.mark.parametrize(
    "body", ["", "List-Unsubscribe=", "List-Unsubscribe=one-click", "x=List-Unsubscribe=One-Click"]
)
def test_a_post_without_the_key_does_not_unsubscribe(
    ada: Recipient, strict: Client, mail_server: MailServer, body: str
) -> None:
    send(to=ada, locale="en", category="news")
    answer = strict.post(link(mail_server), body, content_type=FORM)
    assert answer.status_code == 400
    assert "<form" in text(answer)
    assert not Preference.objects.exists()


def test_a_key_in_the_query_does_not_unsubscribe(
    ada: Recipient, strict: Client, mail_server: MailServer
) -> None:
    send(to=ada, locale="en")
    strict.get(f"{link(mail_server)}?{ONE_CLICK}")
    strict.post(f"{link(mail_server)}?{ONE_CLICK}", "", content_type=FORM)
    assert not Preference.objects.exists()


def test_a_deleted_recipient_and_an_invented_link_get_a_friendly_answer(
    ada: Recipient, strict: Client, mail_server: MailServer
) -> None:
    send(to=ada, locale="en")
    path = link(mail_server)
    delete_recipient("user-17")
    for other in (path, path[:-1], path + "A", "/u/x", "/u/" + "A" * 5_000, "/u/%F0%9F%94%94"):
        for answer in (strict.get(other), click(strict, other), strict.get(f"{other}/preferences")):
            assert answer.status_code == 200
            assert "There is nothing to unsubscribe from" in text(answer)


def test_the_link_tells_nobody_who_it_is_for_and_cannot_be_changed(ada: Recipient) -> None:
    token = encode(Subscription(recipient_id=ada.pk, channel="email", category="news"))
    assert len(token) < 50
    for position in range(len(token)):
        for other in "Aa9_":
            changed = token[:position] + other + token[position + 1 :]
            found = decode(changed)
            assert found is None or encode(found) == token


def test_the_link_works_for_months_and_when_keys_are_rotated(
    ada: Recipient, strict: Client, mail_server: MailServer, settings: Settings
) -> None:
    send(to=ada, locale="en", category="news")
    path = link(mail_server)
    settings.SECRET_KEY = "another" * 10
    keys = settings.BELLRINGER["ENCRYPTION_KEYS"]
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "ENCRYPTION_KEYS": [Fernet.generate_key().decode(), *keys],
    }
    with time_machine.travel(datetime.now(UTC) + timedelta(days=400)):
        assert "You are unsubscribed" in text(click(strict, path))
    assert not Preference.objects.get().enabled


def test_without_the_key_of_links_whoever_clicks_is_asked_to_come_again(
    ada: Recipient, strict: Client, mail_server: MailServer, settings: Settings
) -> None:
    send(to=ada, locale="en", category="news")
    path = link(mail_server)
    other = Fernet.generate_key().decode()
    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": [other]}
    keyring.forget()
    for answer in (strict.get(path), click(strict, path), strict.get(f"{path}/preferences")):
        assert answer.status_code == 503
        assert "Please try again later" in text(answer)
    assert not Preference.objects.exists()


def test_the_same_subscription_has_the_same_link_and_others_have_others() -> None:
    hashed = address_hash("email", "ada@example.com")
    subscriptions = [
        Subscription(recipient_id=1, channel="email", category="news"),
        Subscription(recipient_id=1, channel="email", category=""),
        Subscription(recipient_id=1, channel="sms", category="news"),
        Subscription(recipient_id=11, channel="email", category="news"),
        Subscription(address_hash=hashed, channel="email", category="news"),
    ]
    tokens = [encode(one) for one in subscriptions]
    assert len(set(tokens)) == 5
    assert [decode(token) for token in tokens] == subscriptions
    assert [encode(one) for one in subscriptions] == tokens


class TestPreferencePage:
    def page(self, client: Client, mail_server: MailServer) -> str:
        answer = client.get(f"{link(mail_server)}/preferences")
        assert answer.status_code == 200
        return text(answer)

    def ticked(self, page: str) -> set[str]:
        return set(re.findall(r'name="([^"]+)"[^>]* checked', page))

    def save(self, client: Client, mail_server: MailServer, *boxes: str) -> str:
        answer = client.post(f"{link(mail_server)}/preferences", dict.fromkeys(boxes, "on"))
        assert "Saved." in text(answer)
        return text(answer)

    def test_it_shows_what_is_on_for_every_channel(
        self, ada: Recipient, sport: Category, strict: Client, mail_server: MailServer
    ) -> None:
        save_category("security", name="Security", is_critical=True)
        set_preference(ada, False, category="news", channel="sms")
        send(to=ada, locale="en", category="weather")
        page = self.page(strict, mail_server)
        assert self.ticked(page) == {
            "email:news", "email:news.sport", "email:weather", "sms:weather", "email:", "sms:",
        }  # fmt: skip
        assert "What is new at the bank." in page
        assert "Security" not in page

    def test_what_is_saved_is_what_is_shown_and_obeyed(
        self, ada: Recipient, sport: Category, strict: Client, mail_server: MailServer
    ) -> None:
        send(to=ada, locale="en", category="news")
        wanted = ("email:news.sport", "sms:news", "sms:")
        page = self.save(strict, mail_server, *wanted)
        assert self.ticked(page) == self.ticked(self.page(strict, mail_server)) == set(wanted)
        assert send(to=ada, locale="en", category="news").state == "suppressed"
        assert send(to=ada, locale="en", category="news.sport").state == "sent"
        assert send(to=ada, locale="en", category="billing").state == "suppressed"

    def test_saving_what_is_shown_stores_nothing(
        self, ada: Recipient, sport: Category, strict: Client, mail_server: MailServer
    ) -> None:
        send(to=ada, locale="en", category="news")
        self.save(strict, mail_server, *self.ticked(self.page(strict, mail_server)))
        assert not Preference.objects.exists()

    def test_unsubscribing_is_taken_back(
        self, ada: Recipient, news: Category, strict: Client, mail_server: MailServer
    ) -> None:
        send(to=ada, locale="en", category="news")
        click(strict, link(mail_server))
        assert "email:news" not in self.ticked(self.page(strict, mail_server))
        self.save(strict, mail_server, "email:news", "email:", "sms:news", "sms:")
        assert send(to=ada, locale="en", category="news").state == "sent"

    def test_the_link_of_a_mail_switches_no_sms_on(
        self, ada: Recipient, sport: Category, strict: Client, mail_server: MailServer
    ) -> None:
        send(to=ada, locale="en", category="news")
        set_preference(ada, False, category="news", channel="sms", source="telephone")
        set_preference(ada, False, category="", channel="sms", source="telephone")
        boxes = ("sms:news", "sms:news.sport", "sms:", "email:news", "email:news.sport", "email:")
        page = self.save(strict, mail_server, *boxes)
        assert {box for box in self.ticked(page) if box.startswith("sms")} == set()
        assert set(re.findall(r'name="([^"]+)"[^>]* disabled', page)) == {
            "sms:news", "sms:news.sport", "sms:",
        }  # fmt: skip
        assert "can switch SMS off, but not on again" in page
        said = Preference.objects.values_list("category", "channel", "enabled", "source")
        assert set(said) == {("news", "sms", False, "telephone"), ("", "sms", False, "telephone")}

    def test_what_was_on_stays_on_below_what_is_switched_off(
        self, ada: Recipient, sport: Category, strict: Client, mail_server: MailServer
    ) -> None:
        send(to=ada, locale="en", category="news")
        page = self.save(strict, mail_server, "sms:news.sport", "email:news", "email:")
        assert self.ticked(page) == {"sms:news.sport", "email:news", "email:"}

    def test_a_plain_address_has_one_column_and_its_bounces_stay(
        self, sport: Category, strict: Client, mail_server: MailServer
    ) -> None:
        suppress("email", "ada@example.com", category="offers")
        send(category="news")
        assert self.ticked(self.page(strict, mail_server)) == {
            "email:news", "email:news.sport", "email:",
        }  # fmt: skip
        self.save(strict, mail_server, "email:news.sport", "email:")
        # It lies below the one that is off.
        assert send(category="news.sport").state == "suppressed"
        assert send(category="weather").state == "sent"
        self.save(strict, mail_server, "email:news", "email:news.sport")
        assert send(category="weather").state == "suppressed"
        everything = ("email:news", "email:news.sport", "email:weather", "email:")
        self.save(strict, mail_server, *everything)
        assert send(category="news").state == "sent"
        assert [entry.reason for entry in suppressions_of("email", "ada@example.com")] == ["manual"]

    def test_what_another_mail_was_unsubscribed_from_is_shown_and_stays(
        self, strict: Client, mail_server: MailServer
    ) -> None:
        send(category="tides")
        click(strict, link(mail_server))
        send(category="weather")
        page = self.page(strict, mail_server)
        assert 'name="email:tides"' in page
        self.save(strict, mail_server, *self.ticked(page))
        assert send(category="tides").state == "suppressed"

    def test_boxes_that_were_not_shown_are_not_believed(
        self, ada: Recipient, news: Category, strict: Client, mail_server: MailServer
    ) -> None:
        save_category("security", is_critical=True)
        send(to=ada, locale="en", category="news")
        strict.post(f"{link(mail_server)}/preferences", {"push:news": "on", "email:security": "on"})
        assert set(Preference.objects.values_list("channel", flat=True)) <= {"email", "sms"}
        assert not Preference.objects.filter(category="security").exists()
