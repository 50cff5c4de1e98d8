"""Every page of the notifications part fits its screen and can be read by a machine, too."""

import pytest
from django.apps import apps
from playwright.sync_api import Page, expect
from pytest_django import Settings

from notifications.api import (
    Receiver,
    create_broadcast,
    get_recipient,
    notify,
    publish_template,
    save_category,
    set_preference,
)
from notifications.people.unsubscribe.token import Subscription, encode
from tasks_core.testing import run_due
from tests.admin.notification_rows import LISTS, one_of_each
from tests.browser.looking import COMPLAINTS, SCREENS, keep

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/admin/notifications/"
EDITABLE = (
    "template",
    "endpoint",
    "provider",
    "destination",
    "recipient",
    "category",
    "suppression",
    "eventsource",
    "crontrigger",
)
STEPS = {
    "notification": ("cancel", "erase"),
    "broadcast": ("cancel",),
    "endpoint": ("disable", "rotate-secret"),
    "template": ("send-test",),
    "recipient": ("preference",),
    "suppression": ("lift",),
    "provider": ("disable",),
    "destination": ("disable",),
    "eventsource": ("rotate-secret",),
    "crontrigger": ("disable",),
}


def _pages() -> list[str]:
    newest = {name: apps.get_model("notifications", name).objects.latest("pk").pk for name in LISTS}
    return [
        *(f"{URL}{name}/" for name in LISTS),
        f"{URL}notification/?q=nothing-like-this",
        *(f"{URL}{name}/add/" for name in EDITABLE),
        *(f"{URL}{name}/{pk}/change/" for name, pk in newest.items()),
        *(f"{URL}{name}/{newest[name]}/{step}/" for name, steps in STEPS.items() for step in steps),
        f"{URL}recipient/{newest['recipient']}/history/",
    ]


def _fill() -> None:
    save_category("news", name="News")
    one_of_each(1)
    set_preference(get_recipient("user-1"), False, category="news", channel="email")
    publish_template("paid", channel="webhook", text='{"paid": {{ n }}}', sample={"n": 1})
    people = [Receiver(to=f"a-rather-long-address-{n}@department.example.com") for n in range(3)]
    create_broadcast("spring-2026", "news-1", ["nobody", *people], skip_invalid=True)
    run_due()
    notify("news-1", to="user-1", category="news.1")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_fits_and_is_labelled(operator: Page, scheme: str, screen: str) -> None:
    _fill()
    width, height = SCREENS[screen]
    operator.set_viewport_size({"width": width, "height": height})
    operator.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    errors: list[str] = []
    operator.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    complaints = {}
    for place in _pages():
        operator.goto(place)
        complaints[place] = operator.evaluate(COMPLAINTS)
        keep(operator, f"{scheme}-{screen}", place)
    assert {place: found for place, found in complaints.items() if found} == {}
    assert errors == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_public_pages_fit_and_are_labelled(page: Page, scheme: str) -> None:
    save_category("news", name="News")
    one_of_each(1)
    subject = Subscription(
        recipient_id=get_recipient("user-1").pk, channel="email", category="news"
    )
    page.set_viewport_size({"width": 390, "height": 844})
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    for place in (f"/u/{encode(subject)}", f"/u/{encode(subject)}/preferences", "/u/nothing"):
        page.goto(place)
        assert page.evaluate(COMPLAINTS) == []
        keep(page, f"{scheme}-public", place)


def test_a_long_table_scrolls_in_its_box(operator: Page) -> None:
    _fill()
    operator.set_viewport_size({"width": 390, "height": 844})
    delivery = apps.get_model("notifications", "delivery").objects.latest("pk").pk
    operator.goto(f"{URL}delivery/{delivery}/change/")
    box = operator.locator("#attempts .br-scroll")
    expect(box).to_be_visible()
    assert box.evaluate("box => box.clientWidth") < 390


def test_the_sandbox_leaves_room_for_the_title_on_a_telephone(
    operator: Page, settings: Settings
) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "SANDBOX": True}
    operator.set_viewport_size({"width": 390, "height": 844})
    operator.goto(f"{URL}category/")
    expect(operator.get_by_text("Sandbox", exact=True)).to_be_visible()
    expect(operator.get_by_role("heading", level=1)).to_be_visible()
    assert operator.evaluate(COMPLAINTS) == []
