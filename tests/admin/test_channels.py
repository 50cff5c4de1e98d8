"""Providers and destinations: their secrets are written and never shown. Test sends."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core import mail
from django.test import Client
from pytest_django import Settings

from notifications.api import notify, publish_template, register_destination, register_provider
from notifications.models import Destination, LimitCounter, Notification, Provider, Template
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.destinations.loading import Opened, open_all
from notifications.sending.providers.accounts import account_of
from notifications.sending.providers.admission import Seen, note_each
from tasks_core import clock
from tasks_core.testing import run_due
from tests.admin import rows

PROVIDERS = "/admin/notifications/provider/"
DESTINATIONS = "/admin/notifications/destination/"
TOKEN = "0123456789abcdef-token"
ROOM = "https://hooks.slack.example/services/SECRET"

pytestmark = pytest.mark.django_db


def provider_form(**change: Any) -> dict[str, Any]:
    return {
        "name": "sms-main",
        "service": "sms:twilio",
        "base_url": "",
        "options": '{"sender": "Bank"}',
        "new_credentials": json.dumps({"account_sid": "AC1", "auth_token": TOKEN}),
        "position": "3",
        **change,
    }


def test_a_provider_is_registered_and_its_credentials_are_never_shown(operator: Client) -> None:
    answer = operator.post(f"{PROVIDERS}add/", provider_form())
    assert answer.status_code == 302, rows.text(answer)
    provider = Provider.objects.get()
    assert (provider.channel, provider.kind, provider.position) == ("sms", "twilio", 3)
    assert provider.base_url == "https://api.twilio.com"
    assert account_of(provider).credentials["auth_token"] == TOKEN
    for url in (
        PROVIDERS,
        f"{PROVIDERS}{provider.pk}/change/",
        f"{PROVIDERS}{provider.pk}/history/",
    ):
        assert TOKEN not in rows.text(operator.get(url))


def test_credentials_that_are_left_empty_stay(operator: Client) -> None:
    operator.post(f"{PROVIDERS}add/", provider_form())
    provider = Provider.objects.get()
    url = f"{PROVIDERS}{provider.pk}/change/"
    assert operator.post(url, provider_form(new_credentials="", position="9")).status_code == 302
    provider.refresh_from_db()
    assert provider.position == 9
    assert account_of(provider).credentials["auth_token"] == TOKEN


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"options": "{}"}, "give sender"),
        ({"options": "["}, "is no JSON object"),
        ({"new_credentials": '{"account_sid": "AC1"}'}, "auth_token is missing"),
        ({"new_credentials": "hunter2-typed"}, "is no JSON object"),
        ({"base_url": "gopher://x"}, "does not begin with https://"),
        ({"service": "sms:pigeon"}, "valid choice"),
    ],
)
def test_a_wrong_provider_is_refused_without_showing_what_was_typed(
    operator: Client, change: dict[str, str], complaint: str
) -> None:
    page = rows.text(operator.post(f"{PROVIDERS}add/", provider_form(**change)))
    assert complaint in page
    assert TOKEN not in page
    assert "hunter2-typed" not in page
    assert not Provider.objects.exists()


def test_the_public_key_of_web_push_is_shown(operator: Client) -> None:
    form = provider_form(
        name="push",
        service="webpush:vapid",
        new_credentials="",
        options='{"contact": "mailto:a@b.example"}',
    )
    operator.post(f"{PROVIDERS}add/", form)
    provider = Provider.objects.get()
    page = rows.text(operator.get(f"{PROVIDERS}{provider.pk}/change/"))
    assert "public key: B" in page
    assert "push.invalid" not in page
    assert (
        operator.post(f"{PROVIDERS}{provider.pk}/change/", {**form, "position": "7"}).status_code
        == 302
    )
    assert Provider.objects.get().position == 7
    assert account_of(provider).credentials["private_key"] not in page


def test_providers_are_switched_off_and_on(operator: Client) -> None:
    operator.post(f"{PROVIDERS}add/", provider_form())
    provider = Provider.objects.get()
    operator.post(f"{PROVIDERS}{provider.pk}/disable/")
    assert not Provider.objects.get().enabled
    operator.post(f"{PROVIDERS}{provider.pk}/enable/")
    assert Provider.objects.get().enabled


def test_a_destination_is_registered_and_its_address_is_never_shown(operator: Client) -> None:
    form = {"channel": "slack", "name": "ops-room", "address": ROOM}
    assert operator.post(f"{DESTINATIONS}add/", form).status_code == 302
    destination = Destination.objects.get()
    assert destination.hint == "hooks.slack.example"
    url = f"{DESTINATIONS}{destination.pk}/change/"
    for page in (DESTINATIONS, url):
        assert "SECRET" not in rows.text(operator.get(page))
    assert operator.post(url, {"address": f"{ROOM}2"}).status_code == 302
    [opened] = open_all([("slack", "ops-room")])
    assert isinstance(opened, Opened)
    assert opened.secret == {"url": f"{ROOM}2"}


def test_a_wrong_address_is_refused_without_showing_it(operator: Client) -> None:
    form = {"channel": "slack", "name": "ops-room", "address": "http:/SECRET"}
    page = rows.text(operator.post(f"{DESTINATIONS}add/", form))
    assert "uses http; use https" in page
    assert "SECRET" not in page
    assert not Destination.objects.exists()


def test_destinations_are_switched_off_and_on(operator: Client) -> None:
    destination = register_destination("ops-room", channel="slack", url=ROOM)
    operator.post(f"{DESTINATIONS}{destination.pk}/disable/", {"reason": "moved"})
    destination.refresh_from_db()
    assert (destination.enabled, destination.disabled_reason) == (False, "moved (operator)")
    operator.post(f"{DESTINATIONS}{destination.pk}/enable/")
    destination.refresh_from_db()
    assert destination.enabled


def test_only_superusers_enter_apprise_urls(settings: Settings) -> None:
    pytest.importorskip("apprise")
    settings.BELLRINGER = {**settings.BELLRINGER, "APPRISE_SCHEMAS": ["ntfys"]}
    form = {"channel": "apprise", "name": "pager", "address": "ntfys://ntfy.example/topic"}
    staff = User.objects.create_user("staff", password="x", is_staff=True)
    staff.user_permissions.set(Permission.objects.filter(content_type__app_label="notifications"))
    client = Client()
    client.force_login(staff)
    assert "Only superusers" in rows.text(client.post(f"{DESTINATIONS}add/", form))
    assert not Destination.objects.exists()
    client.force_login(User.objects.create_superuser("root", password="x"))
    assert client.post(f"{DESTINATIONS}add/", form).status_code == 302
    url = f"{DESTINATIONS}{Destination.objects.get().pk}/change/"
    client.force_login(staff)
    assert client.post(url, {"address": "ntfys://evil.example/topic"}).status_code == 403


def test_limits_are_shown_without_people(operator: Client) -> None:
    publish_template("code", text="{{ code }}", subject="Code")
    notify(
        "code",
        to="ada@example.com",
        secret_context={"code": "918273"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
    )
    page = rows.text(operator.get("/admin/notifications/limitcounter/"))
    assert "otp_recipient" in page
    assert "1 of 5" in page
    assert "ada" not in page
    counter = LimitCounter.objects.first()
    assert counter is not None
    page = rows.text(operator.get(f"/admin/notifications/limitcounter/{counter.pk}/change/"))
    assert counter.subject in page


class TestTrial:
    @pytest.fixture
    def receipt(self) -> int:
        version = publish_template(
            "receipt", subject="Receipt {{ n }}", text="Thank you.", sample={"n": 7}
        )
        return version.pk

    def test_a_version_is_sent_with_its_sample_and_marked(
        self, operator: Client, receipt: int
    ) -> None:
        url = f"/admin/notifications/templateversion/{receipt}/send-test/"
        assert "marked as a test" in rows.text(operator.get(url))
        operator.post(url, {"to": "me@example.com"})
        run_due()
        [message] = mail.outbox
        assert (message.to, message.subject) == (["me@example.com"], "Receipt 7")
        notification = Notification.objects.get()
        assert (notification.is_test, notification.category) == (True, "test")
        page = rows.text(
            operator.get(f"/admin/notifications/notification/{notification.pk}/change/")
        )
        assert "sent to try the template out" in page

    def test_the_published_version_of_a_template_is_sent(
        self, operator: Client, receipt: int
    ) -> None:
        url = f"/admin/notifications/template/{Template.objects.get().pk}/send-test/"
        answer = operator.post(url, {"to": "me@example.com"}, follow=True)
        assert "1 sent" in rows.text(answer)
        run_due()
        assert len(mail.outbox) == 1

    def test_what_is_wrong_is_said(self, operator: Client, receipt: int) -> None:
        url = f"/admin/notifications/templateversion/{receipt}/send-test/"
        page = rows.text(operator.post(url, {"to": "nobody"}, follow=True))
        assert "to: is not a mail address" in page
        assert not Notification.objects.exists()


def test_a_provider_that_is_not_known_any_more_still_has_a_page(operator: Client) -> None:
    provider = register_provider(
        "old", channel="slack", kind="slack", credentials={"token": "xoxb-1"}
    )
    Provider.objects.update(kind="pigeon")
    assert operator.get(f"{PROVIDERS}{provider.pk}/change/").status_code == 200


def test_a_provider_shows_how_it_does_and_keeps_its_limits(operator: Client) -> None:
    limits = {"rate_limit": "50", "breaker_threshold": "", "breaker_pause": "10"}
    assert operator.post(f"{PROVIDERS}add/", provider_form(**limits)).status_code == 302
    provider = Provider.objects.get()
    kept: list[float | None]
    kept = [provider.rate_limit, provider.breaker_threshold, provider.breaker_pause]
    assert kept == [50, 5, 10]
    assert "Works" in operator.get(PROVIDERS).content.decode()
    failed = SendResult(outcome=Outcome.TRANSIENT, error="the gateway answered 503")
    note_each([Seen(provider.pk, failed)] * 5)
    for url in (PROVIDERS, f"{PROVIDERS}{provider.pk}/change/"):
        page = operator.get(url).content.decode()
        assert "Breaker open" in page
        assert "the gateway answered 503" in page
    operator.post(f"{PROVIDERS}{provider.pk}/change/", provider_form(rate_limit="0"))
    provider.refresh_from_db()
    assert provider.rate_limit == 50
