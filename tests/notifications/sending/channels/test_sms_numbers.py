"""Phone numbers: form, kind and country."""

import pytest

from notifications.api import notify
from notifications.exceptions import InvalidNotification
from notifications.models import Notification, TemplateVersion
from notifications.rules.sms.number import InvalidNumber, e164, region_of

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("text", "number", "region"),
    [
        ("+49 151 12345678", "+4915112345678", "DE"),
        ("+49 (0)151-12345678", "+4915112345678", "DE"),
        ("+1 415-555-2671", "+14155552671", "US"),
        ("+447400123456", "+447400123456", "GB"),
    ],
)
def test_numbers_have_one_form_and_a_country(text: str, number: str, region: str) -> None:
    assert e164(text) == number
    assert region_of(number) == region


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("0151 12345678", "is not an international number"),
        ("+49 abc", "is not a phone number"),
        ("+999999999", "is not a"),
        ("+49151", "is not a number that anyone has"),
        ("+4930123456", "is a fixed line"),
        ("+499001234567", "is a premium-rate number"),
    ],
)
def test_what_no_sms_can_or_should_go_to_is_refused(text: str, problem: str) -> None:
    with pytest.raises(InvalidNumber, match=problem) as refused:
        e164(text)
    assert text not in str(refused.value)


def test_the_channel_is_found_from_the_number(paid_sms: TemplateVersion) -> None:
    found = notify("paid", to="+49 151 12345678", context={"name": "Ada", "amount": 5})
    assert (found.channel, found.address) == ("sms", "+4915112345678")


def test_countries_outside_the_list_are_refused(
    paid_sms: TemplateVersion, allow_loopback: dict[str, object]
) -> None:
    allow_loopback["SMS_COUNTRIES"] = ["DE", "AT"]
    notify("paid", to="+4915112345678", context={"name": "Ada", "amount": 5})
    with pytest.raises(
        InvalidNotification, match=r"to: is a number of country US; SMS are sent to DE, AT"
    ):
        notify("paid", to="+14155552671", context={"name": "Ada", "amount": 5})
    assert Notification.objects.count() == 1


def test_a_text_that_makes_too_many_sms_is_refused(
    paid_sms: TemplateVersion, allow_loopback: dict[str, object]
) -> None:
    allow_loopback["SMS_MAX_SEGMENTS"] = 2
    with pytest.raises(InvalidNotification, match=r"makes 3 SMS .* the limit is 2"):
        notify("paid", to="+4915112345678", context={"name": "x" * 300, "amount": 5})
