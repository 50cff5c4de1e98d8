"""What somebody sees who follows the link in a mail."""

import pytest
from playwright.sync_api import Page, expect

from notifications.api import save_category, save_recipient
from notifications.models import Preference, Recipient
from notifications.people.unsubscribe.token import Subscription, encode


@pytest.fixture
def ada(transactional_db: None) -> Recipient:
    save_category("news", name="News", description="What is new, once a month.")
    save_category("news.sport", name="Sport", parent="news")
    save_category("offers", name="Offers", description="Loans and cards that could suit you.")
    return save_recipient("user-17", email="ada@example.com", sms="+4915112345678")


def path(recipient: Recipient) -> str:
    return "/u/" + encode(Subscription(recipient_id=recipient.pk, channel="email", category="news"))


def test_unsubscribing_takes_one_click(page: Page, ada: Recipient) -> None:
    page.goto(path(ada))
    expect(page.get_by_role("heading")).to_have_text("Unsubscribe from “News”?")
    assert not Preference.objects.exists()
    page.get_by_role("button", name="Unsubscribe").click()
    expect(page.get_by_role("heading")).to_have_text("You are unsubscribed")
    assert not Preference.objects.get().enabled


def test_what_is_wanted_is_chosen_and_kept(page: Page, ada: Recipient) -> None:
    page.goto(path(ada))
    page.get_by_role("link", name="choose what you want to get").click()
    for label in ("Offers: E-mail", "Sport: SMS"):
        page.get_by_label(label).uncheck()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Saved.")
    page.goto(f"{path(ada)}/preferences")
    expect(page.get_by_label("Offers: E-mail")).not_to_be_checked()
    expect(page.get_by_label("Sport: SMS")).not_to_be_checked()
    expect(page.get_by_label("News: E-mail")).to_be_checked()


def test_pages_fit_a_telephone(page: Page, ada: Recipient) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    for place in (path(ada), f"{path(ada)}/preferences", "/u/nothing"):
        page.goto(place)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
