"""A recipient in Berlin, categories, and settings for links and quiet hours."""

from typing import Any, Self

import pytest
from pytest_django import Settings

from notifications.api import save_category, save_recipient
from notifications.models import Category, Recipient

PUBLIC = "https://notify.bank.example"


class Bellringer(dict[str, Any]):
    """The setting BELLRINGER. A change assigns a new dictionary, because only that is noticed."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings.BELLRINGER)
        self._settings = settings

    def __setitem__(self, name: str, value: Any) -> None:
        super().__setitem__(name, value)
        self._settings.BELLRINGER = dict(self)

    def __ior__(self, changes: Any) -> Self:  # type: ignore[override, misc]  # keeps the class
        for name, value in dict(changes).items():
            self[name] = value
        return self


@pytest.fixture
def bellringer(settings: Settings) -> Bellringer:
    """Give the settings to change: a public address, and quiet hours without jitter."""
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "PUBLIC_URL": PUBLIC,
        "QUIET_HOURS_JITTER": 0.0,
    }
    return Bellringer(settings)


@pytest.fixture
def ada(db: None) -> Recipient:
    return save_recipient(
        "user-17",
        email="ada@example.com",
        sms="+49 1511 2345678",
        locale="de",
        timezone="Europe/Berlin",
    )


@pytest.fixture
def news(db: None) -> Category:
    return save_category("news", name="News", description="What is new at the bank.")


@pytest.fixture
def sport(news: Category) -> Category:
    return save_category("news.sport", name="Sport", parent="news")
