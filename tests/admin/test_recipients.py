"""Recipients, categories, the suppression list and sources of events in the admin."""

import json
from html import unescape
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.sessions.models import Session
from django.test import Client

from notifications.api import (
    notify,
    publish_template,
    register_event_source,
    save_category,
    save_recipient,
    set_preference,
    suppress,
    suppressions_of,
)
from notifications.keys.address_hash import address_hash
from notifications.models import (
    Category,
    EventSource,
    Notification,
    Preference,
    ProviderEvent,
    Recipient,
    Suppression,
)
from notifications.provider_events.record import record_report
from notifications.provider_events.report import Report
from notifications.rules.provider_events import EventKind
from notifications.sending.standard_webhooks.secrets import live_secrets
from tasks_core import clock
from tests.admin import rows

URL = "/admin/notifications/"
PERSON = {
    "key": "user-17",
    "email": "ada@example.com",
    "sms": "",
    "locale": "de",
    "timezone": "Europe/Berlin",
    "quiet_hours": "22:00-08:00",
    "attributes": '{"tier": "gold"}',
}


@pytest.fixture
def ada(db: None) -> Recipient:
    return save_recipient("user-17", email="ada@example.com", timezone="Europe/Berlin")


def addresses(key: str = "user-17") -> dict[str, str]:
    found = Recipient.objects.get(key=key).addresses
    return dict(found.values_list("channel", "address"))


def test_a_recipient_is_made_and_edited(operator: Client) -> None:
    assert operator.post(f"{URL}recipient/add/", PERSON).status_code == 302
    made = Recipient.objects.get()
    assert (made.key, made.quiet_hours, made.attributes) == (
        "user-17", "22:00-08:00", {"tier": "gold"},
    )  # fmt: skip
    assert addresses() == {"email": "ada@example.com"}
    edited = {**PERSON, "key": "other", "email": "", "sms": "+49 1511 2345678", "locale": ""}
    assert operator.post(f"{URL}recipient/{made.pk}/change/", edited).status_code == 302
    made.refresh_from_db()
    assert (made.key, made.locale) == ("user-17", "")
    assert addresses() == {"sms": "+4915112345678"}


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("key", "ada@example.com", "looks like an address"),
        ("email", "ada", "is not a mail address"),
        ("sms", "030", "is not an international number"),
        ("timezone", "Berlin", "is no IANA time zone"),
        ("quiet_hours", "night", "write it like 22:00-08:00"),
        ("locale", "German", "language tag"),
        ("attributes", "[]", "must be an object"),
    ],
)
def test_a_wrong_recipient_is_explained_and_not_stored(
    operator: Client, field: str, value: str, complaint: str
) -> None:
    page = rows.text(operator.post(f"{URL}recipient/add/", {**PERSON, field: value}))
    assert complaint in page
    assert not Recipient.objects.exists()


def test_the_page_shows_addresses_wishes_and_notifications(
    operator: Client, ada: Recipient
) -> None:
    publish_template("receipt", subject="Receipt", text="Thank you")
    set_preference(ada, False, category="news", source="unsubscribe link")
    notify("receipt", to=ada)
    page = rows.text(operator.get(f"{URL}recipient/{ada.pk}/change/"))
    assert all(word in page for word in ("ada@example.com", "news", "unsubscribe link", "receipt"))
    notification = Notification.objects.get()
    shown = rows.text(operator.get(f"{URL}notification/{notification.pk}/change/"))
    assert f"{URL}recipient/{ada.pk}/change/" in shown


def test_a_recipient_is_found_by_key_and_by_address(operator: Client, ada: Recipient) -> None:
    save_recipient("user-18", email="bob@example.com")
    for term in ("user-17", "ADA@example.com"):
        page = rows.text(operator.get(f"{URL}recipient/", {"q": term}))
        assert "user-17" in page
        assert "user-18" not in page


def test_whoever_looks_at_a_recipient_is_on_record(
    operator: Client, viewer: Client, ada: Recipient
) -> None:
    for client in (operator, viewer):
        assert client.get(f"{URL}recipient/{ada.pk}/change/").status_code == 200
    seen = LogEntry.objects.values_list("user__username", "object_repr", "change_message")
    assert set(seen) == {
        ("operator", "user-17", "Viewed."), ("viewer", "user-17", "Viewed."),
    }  # fmt: skip
    assert "Viewed." in rows.text(operator.get(f"{URL}recipient/{ada.pk}/history/"))


@pytest.mark.parametrize(
    ("place", "posted"),
    [
        ("{}/preference/", None),
        ("{}/preference/", {"wish": "unheard"}),
        ("{}/change/", {**PERSON, "email": "no address"}),
        ("{}/delete/", None),
        ("../suppression/", {"action": "lift"}),
    ],
)
def test_steps_and_rejected_edits_are_views_as_well(
    operator: Client,
    ada: Recipient,
    place: str,
    posted: dict[str, str] | None,
    caplog: pytest.LogCaptureFixture,
) -> None:
    url = f"{URL}recipient/{place.format(ada.pk)}"
    if posted and "action" in posted:
        suppress("email", "bob@example.com")
        url = f"{URL}suppression/"
        posted = {**posted, "_selected_action": str(Suppression.objects.get().pk)}
    with caplog.at_level("INFO"):
        answer = operator.get(url) if posted is None else operator.post(url, posted)
    assert answer.status_code == 200
    [said] = [vars(one) for one in caplog.records if one.message == "personal data was viewed"]
    assert said["viewed_by"] == "operator"
    assert said["viewed"] in url
    assert [one.change_message for one in LogEntry.objects.all()] == ["Viewed."]
    assert "example.com" not in str(said)


def test_a_preference_is_stored_with_who_said_so(operator: Client, ada: Recipient) -> None:
    url = f"{URL}recipient/{ada.pk}/preference/"
    assert operator.get(url).status_code == 200
    operator.post(url, {"wish": "off", "category": "news", "channel": "email"})
    said = Preference.objects.get()
    assert (said.category, said.channel, said.enabled, said.source) == (
        "news", "email", False, "operator",
    )  # fmt: skip
    operator.post(url, {"wish": "forget", "category": "news", "channel": "email"})
    assert not Preference.objects.exists()


@pytest.mark.guarantee(n=19)
def test_lists_are_paged_by_key(operator: Client) -> None:
    for number in range(60):
        save_recipient(f"user-{number:02}")
        suppress("email", f"u{number}@example.com")
    for model in ("recipient", "suppression"):
        page = rows.text(operator.get(f"{URL}{model}/"))
        assert "Older" in page
        assert "before=" in page


CATEGORY: dict[str, Any] = {
    "key": "news",
    "name": "News",
    "description": "",
    "parent": "",
    "quiet_hours": "drop",
    "default_channels": "email",
}


def test_a_category_is_made_and_edited(operator: Client) -> None:
    assert operator.post(f"{URL}category/add/", CATEGORY).status_code == 302
    made = Category.objects.get(key="news")
    assert (made.quiet_hours, made.default_channels) == ("drop", ["email"])
    edited = {**CATEGORY, "key": "other", "is_critical": "on", "body_retention_days": "30"}
    assert operator.post(f"{URL}category/{made.pk}/change/", edited).status_code == 302
    made.refresh_from_db()
    assert (made.key, made.is_critical, made.body_retention_days) == ("news", True, 30)


@pytest.mark.parametrize(
    ("field", "value", "complaint"),
    [
        ("key", "News!", "use up to 64 lower-case letters"),
        ("default_channels", "pigeon", "there is no 'pigeon'"),
        ("quiet_hours", "never", "not one of the available choices"),
    ],
)
def test_a_wrong_category_is_explained(
    operator: Client, field: str, value: str, complaint: str
) -> None:
    before = Category.objects.count()
    page = rows.text(operator.post(f"{URL}category/add/", {**CATEGORY, field: value}))
    assert complaint in unescape(page)
    assert Category.objects.count() == before


def test_a_category_cannot_lie_below_itself(operator: Client) -> None:
    news = save_category("news")
    sport = save_category("news.sport", parent="news")
    answer = operator.post(f"{URL}category/{news.pk}/change/", {**CATEGORY, "parent": sport.pk})
    assert "lies below this category" in rows.text(answer)
    news.refresh_from_db()
    assert news.parent is None


def test_one_time_codes_stay_critical_and_there(operator: Client) -> None:
    otp, _ = Category.objects.update_or_create(
        key="otp",
        defaults={"is_critical": True, "is_built_in": True, "created_at": clock.now()},
    )
    operator.post(f"{URL}category/{otp.pk}/change/", {**CATEGORY, "default_channels": ""})
    assert operator.post(f"{URL}category/{otp.pk}/delete/", {"post": "yes"}).status_code == 403
    otp.refresh_from_db()
    assert otp.is_critical


ENTRY = {
    "channel": "email",
    "address": "Ada@example.com",
    "category": "",
    "reason": "manual",
    "expires_at": "",
}


def test_an_address_is_put_on_the_list_and_only_its_hash_is_kept(operator: Client) -> None:
    assert operator.post(f"{URL}suppression/add/", ENTRY).status_code == 302
    entry = Suppression.objects.get()
    assert (entry.reason, entry.source, entry.address) == ("manual", "operator", "")
    for url in (f"{URL}suppression/", f"{URL}suppression/{entry.pk}/change/"):
        page = rows.text(operator.get(url))
        assert "ada@example.com" not in page.lower()
        assert entry.address_hash[:12] in page
    found = rows.text(operator.get(f"{URL}suppression/", {"q": "ada@EXAMPLE.com"}))
    assert entry.address_hash[:12] in found
    # Once more is no mistake.
    assert operator.post(f"{URL}suppression/add/", ENTRY).status_code == 302
    assert Suppression.objects.count() == 1


@pytest.mark.parametrize("wrong", [{"address": "ada"}, {"address": ""}, {"reason": "spite"}])
def test_a_wrong_entry_is_explained(operator: Client, wrong: dict[str, str]) -> None:
    assert operator.post(f"{URL}suppression/add/", {**ENTRY, **wrong}).status_code == 200
    assert not Suppression.objects.exists()


def test_an_entry_is_taken_off_by_who_may_delete(operator: Client, viewer: Client) -> None:
    suppress("email", "ada@example.com", reason="complaint")
    [entry] = suppressions_of("email", "ada@example.com")
    url = f"{URL}suppression/{entry.pk}/lift/"
    assert viewer.post(url).status_code == 403
    operator.post(url)
    assert not Suppression.objects.exists()


def test_what_a_provider_reported_is_shown_and_found(operator: Client) -> None:
    for number, address in enumerate(("ada@example.com", "bob@example.com")):
        record_report(
            Report(
                source="acme",
                event_id=f"evt-{number}",
                kind=EventKind.COMPLAINED,
                channel="email",
                occurred_at=clock.now(),
                address=address,
            )
        )
    page = rows.text(operator.get(f"{URL}providerevent/", {"q": "Ada@example.com"}))
    assert "evt-0" in page
    assert "evt-1" not in page
    event = ProviderEvent.objects.get(event_id="evt-0")
    shown = rows.text(operator.get(f"{URL}providerevent/{event.pk}/change/"))
    assert "Complained" in shown
    assert "ada@example.com" not in shown


def test_a_source_is_made_and_its_secret_shown_once(operator: Client) -> None:
    form = {"name": "acme", "channel": "email", "secret": ""}
    answer = operator.post(f"{URL}eventsource/add/", form)
    source = EventSource.objects.get()
    [secret] = live_secrets(source.secrets, clock.now())
    assert secret in rows.text(answer)
    assert "no-store" in answer["Cache-Control"]
    assert secret not in json.dumps([one.get_decoded() for one in Session.objects.all()])
    page = rows.text(operator.get(f"{URL}eventsource/{source.pk}/change/"))
    assert secret not in page
    assert "/notifications/events/acme" in page
    assert "1 in use" in page


def test_a_source_is_switched_off_and_on_and_gets_a_new_secret(operator: Client) -> None:
    source = register_event_source("acme")
    [old] = live_secrets(source.secrets, clock.now())
    operator.post(f"{URL}eventsource/{source.pk}/disable/")
    assert not EventSource.objects.get().enabled
    operator.post(f"{URL}eventsource/{source.pk}/enable/")
    assert EventSource.objects.get().enabled
    page = rows.text(operator.post(f"{URL}eventsource/{source.pk}/rotate-secret/"))
    new, kept = live_secrets(EventSource.objects.get().secrets, clock.now())
    assert kept == old
    assert new in page
    assert old not in page


def test_addresses_are_hashed_alike_everywhere(ada: Recipient) -> None:
    assert ada.addresses.get().address_hash == address_hash("email", "ADA@example.com ")
