"""What happened is found in a real browser."""

import pytest
from playwright.sync_api import Page, expect

from tasks_core import clock
from tasks_core.events.summarizing import summarize_and_delete
from tests.admin import rows

pytestmark = pytest.mark.django_db(transaction=True)


def test_failures_of_a_type_are_found_by_the_filters(operator: Page) -> None:
    letter = rows.dead_letter(7)
    rows.finished_order(8)
    operator.goto("/admin/tasks_core/taskevent/")
    operator.get_by_text("Filters").first.click()
    operator.get_by_text("Failed", exact=True).click()
    operator.wait_for_url("**kind=failed**")
    expect(operator.locator("#result_list")).to_contain_text("order 7 has no customer")
    operator.goto(f"/admin/tasks_core/taskevent/?q={letter.task_id}&when=hour")
    expect(operator.locator("#result_list")).to_contain_text("dead lettered")


def test_a_task_tells_what_its_old_events_were(operator: Page) -> None:
    letter = rows.dead_letter(7)
    summarize_and_delete("tasks_core_taskevent", before=clock.now(), limit=100)
    operator.goto(f"/admin/tasks_core/task/{letter.task_id}/change/")
    expect(operator.locator("#history")).to_contain_text("1 dead lettered")
    expect(operator.locator("#history")).to_contain_text("order 7 has no customer")
