"""Subjects, names and keys in all languages; what steers, breaks or deceives is refused at every door."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from notifications.api import (
    add_to_digest,
    create_broadcast,
    notify,
    publish_template,
    save_recipient,
    suppress,
    suppressions_of,
)
from notifications.exceptions import InvalidNotification, NotificationsError
from notifications.models import Delivery, TemplateVersion
from notifications.privacy.erasure.subject import subject_of
from notifications.triggers import create_cron_trigger
from notifications.triggers.headers import check_header
from tasks_core import correlation
from tasks_core.testing import run_due
from tests.support.languages import OF_ALL_LANGUAGES
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
DECEIVING = ["a\nb", "a\x00b", "a\x85b", "a\u2028b", "a\u202eb", "a\ud800b"]


@pytest.fixture
def greeting() -> TemplateVersion:
    return publish_template("greeting", subject="For {{ who }}!", text="Hello {{ who }}")


@pytest.fixture(autouse=True)
def comments() -> TemplateVersion:
    return publish_template("comments", subject="{{ count }}", text="{{ items|length }}")


@pytest.mark.parametrize("name", OF_ALL_LANGUAGES)
def test_a_subject_of_any_language_arrives_as_it_is(
    greeting: TemplateVersion, mail_server: MailServer, name: str
) -> None:
    notify("greeting", to="ada@example.com", context={"who": name})
    run_due()
    assert [mail["Subject"] for mail in mail_server.messages] == [f"For {name}!"]
    assert Delivery.objects.get().subject == f"For {name}!"


def key_of_notification(text: str) -> None:
    notify("receipt", to="ada@example.com", context=GOOD, idempotency_key=text)


def key_of_digest(text: str) -> None:
    add_to_digest("comments", to="ada@example.com", item={}, key=text, window=timedelta(minutes=1))


def name_of_broadcast(text: str) -> None:
    create_broadcast(text, "receipt")


def key_of_recipient(text: str) -> None:
    save_recipient(text, email="ada@example.com")


def name_of_trigger(text: str) -> None:
    create_cron_trigger(text, webhook="https://example.com/", schedule="0 9 * * *")


def header_of_trigger(text: str) -> None:
    check_header("headers[0]", "X-Team", text)


def suppressed_address(text: str) -> None:
    suppress("slack", text)
    assert suppressions_of("slack", text)


def erased_address(text: str) -> None:
    assert subject_of(text, "push").address == text


DOORS = [
    key_of_notification,
    key_of_digest,
    name_of_broadcast,
    key_of_recipient,
    name_of_trigger,
    header_of_trigger,
    suppressed_address,
    erased_address,
]


@pytest.mark.parametrize("door", DOORS)
def test_every_door_takes_text_of_all_languages(
    receipt: TemplateVersion, door: Callable[[str], None]
) -> None:
    for text in OF_ALL_LANGUAGES:
        door(text)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_what_deceives(
    receipt: TemplateVersion, door: Callable[[str], None]
) -> None:
    for text in DECEIVING:
        with pytest.raises(NotificationsError):
            door(text)


def test_a_correlation_id_of_any_language_is_kept(receipt: TemplateVersion) -> None:
    for text in OF_ALL_LANGUAGES:
        with correlation(text) as given:
            assert given == text
        notify("receipt", to="ada@example.com", context=GOOD, correlation_id=text)


@pytest.mark.parametrize("text", DECEIVING)
def test_a_deceiving_subject_is_refused_when_it_is_asked_for(
    greeting: TemplateVersion, text: str
) -> None:
    with pytest.raises(InvalidNotification):
        notify("greeting", to="ada@example.com", context={"who": text})
