"""Language tags in every spelling, at every door."""

from datetime import timedelta

import pytest

from notifications import api
from notifications.broadcasts.creation import create_broadcast
from notifications.exceptions import InvalidNotification, InvalidRecipient, InvalidTemplate
from notifications.models import Broadcast, Recipient, Template
from tests.notifications.rules.test_language_tags import NONE


def _publish(*locales: str) -> None:
    for locale in locales:
        api.publish_template("greeting", channel="sms", locale=locale, text=f"in {locale or 'any'}")


def _said_to(locale: str, to: str = "+491701234567") -> str:
    notification = api.notify("greeting", to=to, channel="sms", locale=locale)
    text: str = notification.template_version.text
    return text


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("zh_TW", "in any"),
        ("zh-hant-hk", "in zh-Hant"),
        ("ZH_HANT_TW", "in zh-Hant"),
        ("pt-PT", "in PT"),
        ("pt_BR", "in pt_BR"),
        ("", "in any"),
    ],
)
def test_a_message_is_in_the_nearest_language_there_is(asked: str, said: str) -> None:
    _publish("", "zh-Hant", "PT", "pt_BR")
    assert _said_to(asked) == said

    api.save_recipient("ada", addresses={"sms": "+491701234567"}, locale=asked)
    assert _said_to("", to="ada") == said


@pytest.mark.django_db(transaction=True)
def test_one_language_is_one_template_however_it_is_written() -> None:
    _publish("pt_BR", "pt-br", "PT-BR")
    assert list(Template.objects.values_list("locale", flat=True)) == ["pt-br"]


@pytest.mark.django_db(transaction=True)
def test_recipients_and_broadcasts_keep_one_spelling() -> None:
    _publish("")
    api.save_recipient("ada", addresses={"sms": "+491701234567"}, locale="de_AT")
    create_broadcast("news", template="greeting", channel="sms", locale="DE", audience=[])

    assert Recipient.objects.get().locale == "de-at"
    assert Broadcast.objects.get().locale == "de"


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("text", NONE)
def test_every_door_says_what_would_be_right(text: str) -> None:
    _publish("")
    with pytest.raises(InvalidNotification, match=r"^locale: use a language tag"):
        _said_to(text)
    with pytest.raises(InvalidNotification, match=r"^locale: use a language tag"):
        api.notify_many("greeting", [api.Message(to="+491701234567")], channel="sms", locale=text)
    with pytest.raises(InvalidNotification, match=r"^locale: use a language tag"):
        api.add_to_digest(
            "greeting",
            to="+491701234567",
            item={},
            key="k",
            window=timedelta(hours=1),
            channel="sms",
            locale=text,
        )
    with pytest.raises(InvalidTemplate, match=r"^locale: use a language tag"):
        _publish(text)
    with pytest.raises(InvalidRecipient, match=r"^locale: use a language tag"):
        api.save_recipient("ada", addresses={}, locale=text)
    with pytest.raises(InvalidNotification, match=r"^locale: use a language tag"):
        create_broadcast("news", template="greeting", channel="sms", locale=text, audience=[])
