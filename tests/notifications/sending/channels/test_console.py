"""The console, for development."""

import pytest
from pytest_django import Settings

from notifications.api import notify, publish_template
from notifications.exceptions import InvalidNotification
from tasks_core.testing import run_due

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _template(db: None) -> None:
    publish_template("hello", channel="console", subject="Hi", text="Hello {{ name }}.")


def test_a_message_is_printed(settings: Settings, capfd: pytest.CaptureFixture[str]) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "CONSOLE_CHANNEL": True}
    notification = notify("hello", to="ada", channel="console", context={"name": "Ada"})
    run_due()
    assert "--- to ada\nHi\nHello Ada.\n---" in capfd.readouterr().out
    notification.refresh_from_db()
    assert notification.state == "sent"


def test_in_production_nothing_is_printed(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "CONSOLE_CHANNEL": False}
    with pytest.raises(InvalidNotification, match="is for development"):
        notify("hello", to="ada", channel="console", context={"name": "Ada"})
    assert "Hello" not in capfd.readouterr().out
