"""Pages of tasks and schedules fit a telephone, can be read, and keep the field in sight that is edited."""

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page

from tasks_core.admin.toolkit.badges import badge
from tasks_core.models import RetryPolicy
from tests.admin import rows
from tests.browser.looking import COMPLAINTS, FAINT, SCREENS, keep

pytestmark = pytest.mark.django_db(transaction=True)

URL = "/admin/tasks_core/"
TONES = ("calm", "active", "warning", "good", "bad", "muted")
COVERED = """() => {
    const field = document.activeElement;
    const box = field.getBoundingClientRect();
    const at = document.elementFromPoint(box.left + box.width / 2, Math.min(box.bottom, box.top + 24) - 2);
    return at && (at === field || field.contains(at) || at.contains(field)) ? null : field.name || field.id;
}"""


def _pages() -> list[str]:
    schedule, policy = rows.schedule(cron="0 2 29 2 *"), RetryPolicy.objects.create(name="gentle")
    letter, task = rows.dead_letter(), rows.order()
    return [
        "/admin/",
        f"{URL}task/",
        f"{URL}task/{task.pk}/change/",
        f"{URL}task/{task.pk}/cancel/",
        f"{URL}schedule/",
        f"{URL}schedule/add/",
        f"{URL}schedule/{schedule.pk}/change/",
        f"{URL}schedule/{schedule.pk}/history/",
        f"{URL}schedule/{schedule.pk}/backfill/",
        f"{URL}retrypolicy/{policy.pk}/change/",
        f"{URL}deadletter/{letter.pk}/change/",
        f"{URL}occurrence/?when=all",
        "/admin/auth/group/add/",
        f"/admin/auth/user/{User.objects.get().pk}/change/",
        "/admin/django_celery_beat/clockedschedule/add/",
    ]


@pytest.mark.timeout(300)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", SCREENS)
def test_pages_of_tasks_fit_and_can_be_read(operator: Page, scheme: str, screen: str) -> None:
    width, height = SCREENS[screen]
    operator.set_viewport_size({"width": width, "height": height})
    operator.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    complaints = {}
    for place in _pages():
        operator.goto(place)
        complaints[place] = [*operator.evaluate(COMPLAINTS), *operator.evaluate(FAINT)]
        keep(operator, f"{scheme}-{screen}", place)
    assert {place: found for place, found in complaints.items() if found} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_badge_can_be_read_on_every_ground(operator: Page, scheme: str) -> None:
    operator.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    operator.goto(f"{URL}task/")
    badges = " ".join(badge(tone, tone) for tone in TONES)
    grounds = ["var(--br-card)", "var(--br-ground)"]
    if scheme == "light":  # of rows under the mouse, and of side bars
        grounds += ["var(--color-base-50)", "var(--color-base-100)"]
    html = "".join(
        f'<p class="br-all" style="background: {ground}">{badges}</p>' for ground in grounds
    )
    operator.locator("#content").evaluate("(place, html) => { place.innerHTML = html; }", html)
    assert operator.evaluate(FAINT) == []


@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("place", ["tasks_core/schedule", "notifications/template"])
def test_the_save_bar_covers_no_field_that_is_edited(
    operator: Page, place: str, screen: str
) -> None:
    width, height = SCREENS[screen]
    operator.set_viewport_size({"width": width, "height": height})
    operator.goto(f"/admin/{place}/add/")
    fields = operator.locator("form[id$=_form] :is(input:not([type=hidden]), select, textarea)")
    fields.first.focus()
    covered = []
    for _ in range(fields.count()):
        covered.append(operator.evaluate(COVERED))
        operator.keyboard.press("Tab")
    assert [name for name in covered if name] == []
