"""A recipient in Berlin, categories, and settings for links and quiet hours."""

from typing import Any

import pytest
from pytest_django import Settings

from notifications.api import save_category, save_recipient
from notifications.models import Category, Recipient

PUBLIC = "https://notify.bank.example"


@pytest.fixture
def bellringer(settings: Settings) -> dict[str, Any]:
    """Give the settings to change: a public address, and quiet hours without jitter."""
    settings.BELLRINGER = {
        **settings.BELLRINGER,
        "PUBLIC_URL": PUBLIC,
        "QUIET_HOURS_JITTER": 0.0,
    }
    changed: dict[str, Any] = settings.BELLRINGER
    return changed


@pytest.fixture
def ada(db: None) -> Recipient:
    return save_recipient(
        "user-17",
        email="ada@example.com",
        sms="+49 30 123456",
        locale="de",
        timezone="Europe/Berlin",
    )


@pytest.fixture
def news(db: None) -> Category:
    return save_category("news", name="News", description="What is new at the bank.")


@pytest.fixture
def sport(news: Category) -> Category:
    return save_category("news.sport", name="Sport", parent="news")
