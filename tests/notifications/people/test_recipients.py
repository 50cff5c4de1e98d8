"""Recipients, and notifications to them."""

from typing import Any

import pytest

from notifications.api import (
    Message,
    delete_recipient,
    get_recipient,
    notify,
    notify_many,
    publish_template,
    save_category,
    save_recipient,
)
from notifications.exceptions import InvalidNotification, InvalidRecipient, RecipientNotFound
from notifications.models import Recipient, RecipientAddress, TemplateVersion
from tasks_core import clock
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer, text_of

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}


def addresses(recipient: Recipient) -> dict[str, str]:
    return dict(recipient.addresses.values_list("channel", "address"))


def test_a_recipient_is_stored_and_changed_by_key(ada: Recipient) -> None:
    assert addresses(ada) == {"email": "ada@example.com", "sms": "+4915112345678"}
    changed = save_recipient("user-17", email="ada@new.example", attributes={"tier": "gold"})
    assert changed.pk == ada.pk
    assert (changed.locale, changed.timezone) == ("de", "Europe/Berlin")
    assert changed.attributes == {"tier": "gold"}
    assert addresses(changed) == {"email": "ada@new.example", "sms": "+4915112345678"}
    assert addresses(save_recipient("user-17", sms="")) == {"email": "ada@new.example"}
    assert get_recipient("user-17") == ada


def test_a_new_address_is_not_verified_and_the_same_one_stays_so(ada: Recipient) -> None:
    RecipientAddress.objects.update(verified_at=clock.now())
    save_recipient("user-17", email="ada@example.com", sms="+49 1511 2345679")
    verified = dict(ada.addresses.values_list("channel", "verified_at"))
    assert verified["email"] is not None
    assert verified["sms"] is None


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"key": "ada@example.com"}, "key"),
        ({"key": "https://example.com"}, "key"),
        ({"key": "+4915112345678"}, "key"),
        ({"key": ""}, "key"),
        ({"key": 17}, "key"),
        ({"key": "a\nb"}, "key"),
        ({"email": "ada"}, "email"),
        ({"sms": "030 123456"}, "sms"),
        ({"addresses": {"pigeon": "coo"}}, "addresses"),
        ({"locale": "German"}, "locale"),
        ({"timezone": "Berlin"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"quiet_hours": "at night"}, "quiet_hours"),
        ({"attributes": {"at": object()}}, "attributes.at"),
    ],
)
def test_a_wrong_argument_is_named_and_leaves_no_row(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRecipient) as refused:
        save_recipient(**{"key": "user-18", **wrong})
    assert refused.value.field == field
    assert not Recipient.objects.exists()


def test_an_unknown_key_is_named() -> None:
    with pytest.raises(RecipientNotFound, match="user-99"):
        get_recipient("user-99")
    assert not delete_recipient("user-99")


@pytest.mark.parametrize("by", ["key", "object"])
def test_a_recipient_gets_mail_in_the_own_language(
    ada: Recipient, receipt: TemplateVersion, mail_server: MailServer, by: str
) -> None:
    publish_template(
        "receipt", locale="de", subject="Quittung {{ number }}", text="Liebe {{ name }}"
    )
    context = {"number": 7, "name": "Ada"}
    notification = notify("receipt", to="user-17" if by == "key" else ada, context=context)
    run_due()
    [mail] = mail_server.messages
    assert (mail["To"], mail["Subject"]) == ("ada@example.com", "Quittung 7")
    assert text_of(mail) == "Liebe Ada"
    assert notification.recipient == ada


def test_the_callers_locale_comes_first(ada: Recipient, receipt: TemplateVersion) -> None:
    publish_template("receipt", locale="de", subject="Quittung", text="Quittung")
    asked = notify("receipt", to=ada, locale="en", context=GOOD)
    assert asked.template_version.template.locale == ""


def test_one_call_serves_recipients_of_several_languages_and_plain_addresses(
    ada: Recipient, receipt: TemplateVersion
) -> None:
    german = publish_template("receipt", locale="de", subject="Quittung", text="Quittung")
    save_recipient("user-18", email="bob@example.com")
    sent = notify_many(
        "receipt",
        [
            Message(to="user-17"),
            Message(to="user-18", context=GOOD),
            Message(to="eve@example.com", context=GOOD),
        ],
    )
    assert [one.address for one in sent] == [
        "ada@example.com",
        "bob@example.com",
        "eve@example.com",
    ]
    assert [one.template_version for one in sent] == [german, receipt, receipt]
    assert [one.recipient.key if one.recipient else None for one in sent] == [
        "user-17",
        "user-18",
        None,
    ]


def test_the_channel_follows_the_recipient_the_template_and_the_category(
    ada: Recipient, receipt: TemplateVersion
) -> None:
    save_category("billing", default_channels=["webhook", "email"])
    assert notify("receipt", to=ada, context=GOOD, category="billing").channel == "email"
    save_category("billing", default_channels=["webhook"])
    with pytest.raises(InvalidNotification, match="they have none in common"):
        notify("receipt", to=ada, context=GOOD, category="billing")


def test_a_recipient_without_an_address_is_refused_by_name(receipt: TemplateVersion) -> None:
    save_recipient("user-18", email="bob@example.com")
    save_recipient("user-19", sms="+4915112345678")
    with pytest.raises(
        InvalidNotification, match=r"^messages\[1\].to: the recipient has no address"
    ):
        notify_many("receipt", [Message(to=f"user-{n}", context=GOOD) for n in (18, 19)])
    with pytest.raises(InvalidNotification, match="nor the key of a recipient"):
        notify("receipt", to="user-20", context=GOOD)


def test_a_changed_address_does_not_break_idempotency(
    ada: Recipient, receipt: TemplateVersion
) -> None:
    first = notify("receipt", to=ada, context=GOOD, idempotency_key="r-7")
    save_recipient("user-17", email="ada@new.example")
    assert notify("receipt", to="user-17", context=GOOD, idempotency_key="r-7") == first


def test_a_deleted_recipient_leaves_what_was_sent(
    ada: Recipient, receipt: TemplateVersion, mail_server: MailServer
) -> None:
    notification = notify("receipt", to=ada, context=GOOD)
    assert delete_recipient("user-17")
    run_due()
    notification.refresh_from_db()
    assert (notification.state, notification.recipient) == ("sent", None)
    assert not RecipientAddress.objects.exists()
