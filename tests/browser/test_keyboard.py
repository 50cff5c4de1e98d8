"""Everything that answers to a click is reached and pressed by keyboard, and is called by words."""

import pytest
from playwright.sync_api import Page, expect

from tests.admin import rows

pytestmark = pytest.mark.django_db(transaction=True)

TASKS = "/admin/tasks_core/task/"
MOST_TABS = 80
UNREACHABLE = """() => [...document.querySelectorAll("[x-on\\\\:click]")]
    .filter((e) => e.getClientRects().length && e.innerText.trim() && e.tabIndex < 0
        && !e.querySelector("a[href], button, input"))
    .map((e) => e.outerHTML.slice(0, 120))"""


def tab_to(page: Page, name: str, role: str = "button") -> None:
    """Press Tab until an element of that name has the focus."""
    wanted = page.get_by_role(role, name=name, exact=True).first  # type: ignore[arg-type]
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if wanted.evaluate("element => element === document.activeElement"):
            return
    pytest.fail(f"Tab does not lead to {name!r}")


def test_filters_are_opened_used_and_left_by_keyboard(operator: Page) -> None:
    rows.order()
    operator.goto(TASKS)
    tab_to(operator, "Filters")
    operator.keyboard.press("Enter")
    panel = operator.locator("#changelist-filter")
    expect(panel).to_be_visible()
    assert panel.evaluate("panel => panel.contains(document.activeElement)")
    operator.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(operator.get_by_role("button", name="Filters", exact=True)).to_be_focused()


def test_the_menu_of_the_user_is_opened_used_and_left_by_keyboard(operator: Page) -> None:
    menu = operator.get_by_role("navigation", name="You")
    operator.goto(TASKS)
    tab_to(operator, "O operator")
    operator.keyboard.press("Enter")
    expect(menu).to_be_visible()
    expect(operator.get_by_role("button", name="Light", exact=True)).to_be_focused()
    operator.keyboard.press("Escape")
    expect(menu).to_be_hidden()
    operator.keyboard.press("Enter")
    tab_to(operator, "Change password", role="link")
    tab_to(operator, "Log out")
    operator.keyboard.press("Enter")
    operator.wait_for_url("**/logout/")


def test_the_side_bar_of_a_small_screen_is_opened_by_keyboard(operator: Page) -> None:
    operator.set_viewport_size({"width": 390, "height": 844})
    operator.goto(TASKS)
    tab_to(operator, "Side bar")
    operator.keyboard.press("Enter")
    expect(operator.get_by_role("link", name="Dead letters", exact=True)).to_be_visible()
    tab_to(operator, "Close")
    operator.keyboard.press("Enter")
    expect(operator.get_by_role("link", name="Dead letters", exact=True)).to_be_hidden()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_answers_to_a_click_alone(operator: Page, width: int) -> None:
    operator.set_viewport_size({"width": width, "height": 900})
    schedule = rows.schedule()
    rows.order()
    for place in ("/admin/", TASKS, f"/admin/tasks_core/schedule/{schedule.pk}/change/"):
        operator.goto(place)
        assert operator.evaluate(UNREACHABLE) == [], place


@pytest.mark.parametrize(
    ("place", "heading"),
    [
        ("/admin/", "Overview"),
        (TASKS, "Tasks"),
        ("/admin/tasks_core/schedule/add/", "Add"),
        ("/admin/notifications/suppression/", "Suppressed addresses"),
        ("/admin/auth/user/", "Users"),
    ],
)
def test_the_heading_says_what_the_page_is(operator: Page, place: str, heading: str) -> None:
    operator.goto(place)
    said = operator.locator("h1").text_content() or ""
    assert " ".join(said.split()) == heading


def test_the_heading_of_a_row_is_its_name_beside_the_way_there(operator: Page) -> None:
    schedule = rows.schedule()
    for place in ("change/", "history/", "pause/"):
        operator.goto(f"/admin/tasks_core/schedule/{schedule.pk}/{place}")
        expect(operator.locator("h1")).to_have_text("nightly")
        way = operator.get_by_role("navigation", name="Breadcrumb")
        expect(way.get_by_role("link", name="Schedules")).to_be_visible()
