"""Addresses as people and mail servers write them: stopped as what they mean, whoever says so."""

import pytest

from notifications.api import notify, publish_template, suppress, suppressions_of, unsuppress
from notifications.exceptions import InvalidNotification, InvalidSuppression
from notifications.models import Suppression
from notifications.people.suppression.importing import import_suppressions
from notifications.rules.suppressions import Reason
from tasks_core.testing import run_due

pytestmark = pytest.mark.django_db

MAILS = [
    "Ada Lovelace <ada@example.com>",
    '"Lovelace, Ada" <ADA@example.com>',
    "mailto:ada@example.com?subject=unsubscribe",
    "rfc822; ada@example.com",
    "<ada@example.com>",
    '"ada@example.com"',
    "'ada@example.com'",
    "\u201cada@example.com\u201d",
    "\ufeffada@example.com",
    "\u200bada@example.com",
    "\u202aada@example.com\u202c",
    "MAILTO://ada@example.com",
    "e-mail: ada@example.com",
    "(ada@example.com)",
]
NUMBERS = [
    "\u202a+49 1512 3456789\u202c",
    "tel:+49-1512-3456789",
    "\uff0b49 1512 3456789",
    "+49\u202f1512\u202f3456789",
]


def _state(to: str, channel: str) -> str:
    publish_template(
        "hello", channel=channel, subject="Hi" if channel == "email" else "", text="Hi"
    )
    notification = notify("hello", to=to, channel=channel)
    run_due()
    notification.refresh_from_db()
    assert notification.state == "suppressed", notification.reason
    state: str = notification.state
    return state


@pytest.mark.parametrize("written", MAILS)
def test_a_mail_address_is_stopped_however_it_was_written(written: str) -> None:
    suppress("email", written)
    assert _state("ada@example.com", "email") == "suppressed"
    assert suppressions_of("email", written)
    assert unsuppress("email", written) == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("written", NUMBERS)
def test_a_number_is_stopped_and_found_however_it_was_written(written: str) -> None:
    suppress("sms", written)
    assert _state("+4915123456789", "sms") == "suppressed"
    assert _state(written, "sms") == "suppressed"


def test_a_list_says_which_line_holds_two_addresses() -> None:
    lines = ["address\n", "Ada <ada@example.com>\n", "bob@example.com; eve@example.com\n"]
    imported = import_suppressions(lines, channel="email", reason=Reason.MANUAL, source="list")
    assert (imported.stored, imported.refused) == (1, 1)
    assert imported.problems == [
        "line 3: address: holds more than one mail address; give one, such as ada@example.com"
    ]


@pytest.mark.parametrize(
    "text", ["ada@example.com?subject=x", 'ada@example.com"', "ada@ex..de", "ada@example", "nobody"]
)
def test_what_no_mail_can_go_to_is_refused_and_not_kept(text: str) -> None:
    with pytest.raises(InvalidSuppression, match="not a mail address"):
        suppress("email", text)
    assert not Suppression.objects.exists()


def test_a_channel_is_known_however_it_is_written_or_refused_by_its_line() -> None:
    lines = ["address,channel\n", "ada@example.com,Email\n", "eve@example.com,emial\n"]
    imported = import_suppressions(lines, channel="email", reason=Reason.MANUAL, source="list")
    assert (imported.stored, imported.refused) == (1, 1)
    assert "line 3: channel: there is none of this name; use" in imported.problems[0]
    assert _state("ada@example.com", "email") == "suppressed"
    assert unsuppress("EMAIL", "ada@example.com") == 1


def test_a_category_is_written_as_its_key_or_refused() -> None:
    suppress("email", "ada@example.com", category="Newsletter")
    assert Suppression.objects.get().category == "newsletter"
    with pytest.raises(InvalidSuppression, match="category: is no key"):
        suppress("email", "ada@example.com", category="news letter")


@pytest.mark.parametrize("text", ["a@b.de, c@d.de", "a@b.de c@d.de", "<a@b.de>;<c@d.de>"])
def test_two_addresses_in_one_field_are_refused(text: str) -> None:
    with pytest.raises(InvalidSuppression, match="more than one mail address"):
        suppress("email", text)
    publish_template("hello", channel="email", subject="Hi", text="Hi")
    with pytest.raises(InvalidNotification, match="not a mail address"):
        notify("hello", to=text, channel="email")
    assert not Suppression.objects.exists()
