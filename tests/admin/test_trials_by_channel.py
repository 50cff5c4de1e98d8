"""Every channel's templates are previewed and tried out from the admin."""

from typing import Any

import pytest
from django.test import Client

from notifications.api import publish_template, register_destination, register_endpoint
from notifications.channel_api.registry import CHANNELS
from notifications.models import Notification
from tests.admin import rows

URL = "/admin/notifications/"
ROOM = "https://rooms.example.com/in/1"
BROWSER = {
    "endpoint": "https://push.example.com/send/abc",
    "keys": {
        "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "auth": "BTBZMqHH6r4Tts7J_aSIgg",
    },
}
TITLED: dict[str, Any] = {"subject": "News for {{ name }}", "text": "Hello {{ name }}"}
UNTITLED: dict[str, Any] = {"text": "Hello {{ name }}"}
CASES: dict[str, tuple[dict[str, Any], str]] = {
    "email": (TITLED, "me@example.com"),
    "webhook": ({"text": '{"hello": {{ name }}}'}, "https://hooks.example.com/in"),
    "sms": (UNTITLED, "+4915112345678"),
    "telegram": (UNTITLED, "123456789"),
    "slack": (UNTITLED, "#alerts"),
    "teams": (TITLED, "room"),
    "webpush": (TITLED, "room"),
    "inbox": (TITLED, "17"),
}

pytestmark = pytest.mark.django_db


def test_no_channel_is_left_out() -> None:
    assert set(CHANNELS) - {"console", "apprise"} <= set(CASES)


@pytest.fixture
def receivers(db: None) -> None:
    register_endpoint("Acme", "https://hooks.example.com/in")
    register_destination("room", channel="teams", url=ROOM)
    register_destination("room", channel="webpush", subscription=BROWSER)


@pytest.mark.parametrize("channel", CASES)
def test_a_template_is_previewed_with_its_sample(operator: Client, channel: str) -> None:
    parts, _ = CASES[channel]
    form: dict[str, Any] = {"channel": channel, "sample": '{"name": "Ada"}', **parts}
    page = rows.text(operator.post(f"{URL}template/preview/", form))
    assert "Ada" in page
    assert 'role="alert"' not in page
    assert ("1 SMS" in page) == (channel == "sms")


@pytest.mark.parametrize("channel", CASES)
def test_a_template_is_sent_to_oneself(operator: Client, receivers: None, channel: str) -> None:
    parts, to = CASES[channel]
    version = publish_template("hello", channel=channel, sample={"name": "Ada"}, **parts)
    url = f"{URL}template/{version.template_id}/send-test/"
    assert "not a customer" in rows.text(operator.get(url))
    answer = operator.post(url, {"to": to}, follow=True)
    assert "1 sent" in rows.text(answer)
    notification = Notification.objects.get()
    assert (notification.channel, notification.is_test) == (channel, True)


def test_the_page_says_which_address_the_channel_wants(operator: Client) -> None:
    version = publish_template("hello", channel="sms", sample={"name": "Ada"}, **UNTITLED)
    page = rows.text(operator.get(f"{URL}templateversion/{version.pk}/send-test/"))
    assert "A phone number with its country" in page
