"""What an operator does with schedules, in a real browser."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import Page, expect

from tasks_core.models import Backfill, Schedule, Task
from tests.admin import rows

pytestmark = pytest.mark.django_db(transaction=True)

LIST = "/admin/tasks_core/schedule/"


def test_a_schedule_is_made_while_its_next_times_follow_the_form(operator: Page) -> None:
    operator.goto(f"{LIST}add/")
    operator.locator("#id_name").fill("nightly")
    operator.locator("#id_task_type").select_option("admin_tests.order")
    operator.locator("#id_timezone").fill("Europe/Berlin")
    operator.locator("#id_expression").fill("0 25 * * *")
    ticks = operator.locator("#ticks")
    expect(ticks.get_by_role("alert")).to_contain_text("hours are 0 to 23")
    operator.locator("#id_expression").fill("30 2 * * *")
    expect(ticks).to_contain_text("clocks go from")
    expect(ticks.get_by_role("columnheader", name="Europe/Berlin").first).to_be_visible()

    operator.locator("#id_payload").fill('{"number": "seven"}')
    operator.get_by_role("button", name="Save", exact=True).click()
    expect(operator.get_by_text("payload.number")).to_be_visible()
    operator.locator("#id_payload").fill('{"number": 7}')
    operator.get_by_role("button", name="Save", exact=True).click()
    operator.wait_for_url(f"**{LIST}")
    expect(operator.get_by_role("row", name="nightly")).to_contain_text("At 02:30 every day")
    assert Schedule.objects.get().payload["number"] == 7


def test_a_schedule_is_paused_resumed_and_triggered(operator: Page) -> None:
    schedule = rows.schedule()
    operator.goto(f"{LIST}{schedule.pk}/change/")
    operator.get_by_role("link", name="Pause…").click()
    operator.get_by_label("Reason").fill("holiday")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    operator.get_by_label("Goes on at (Europe/Berlin)").fill(f"{tomorrow:%Y-%m-%dT%H:%M:00}")
    operator.get_by_role("button", name="Pause now").click()
    expect(operator.get_by_text("1 paused.")).to_be_visible()
    expect(operator.get_by_label("Facts")).to_contain_text("holiday (operator)")

    operator.get_by_role("link", name="Resume…").click()
    operator.get_by_role("button", name="Resume now").click()
    expect(operator.get_by_text("1 resumed.")).to_be_visible()
    operator.get_by_role("link", name="Trigger…").click()
    operator.get_by_role("button", name="Run once now").click()
    expect(operator.get_by_text("1 triggered.")).to_be_visible()
    expect(operator.locator("#ledger")).to_contain_text("Fired")
    assert Task.objects.get().schedule_id == schedule.pk


def test_a_backfill_is_looked_at_and_started(operator: Page) -> None:
    schedule = rows.schedule(cron="0 * * * *")
    operator.goto(f"{LIST}{schedule.pk}/change/")
    operator.get_by_role("link", name="Backfill…").click()
    operator.get_by_label("Start (Europe/Berlin)").fill("2026-03-29T00:00:00")
    operator.get_by_label("End (Europe/Berlin)").fill("2026-03-29T04:00:00")
    operator.get_by_role("button", name="Look what would run").click()
    expect(operator.locator("#dry-run")).to_contain_text("Sun 2026-03-29 03:00:00")
    expect(operator.locator("#dry-run")).not_to_contain_text("02:00:00")
    operator.get_by_role("button", name="Run 4 ticks").click()
    expect(operator.get_by_text("1 backfill started.")).to_be_visible()
    operator.get_by_role("link", name=f"backfill #{Backfill.objects.get().pk}").click()
    expect(operator.get_by_label("Facts")).to_contain_text("At work")


def test_a_tick_to_come_is_found_in_the_ledger_and_cancelled(operator: Page) -> None:
    schedule = rows.schedule()
    operator.goto(f"{LIST}{schedule.pk}/change/")
    operator.get_by_role("link", name="all ticks").click()
    operator.goto(f"{operator.url}&when=upcoming")
    operator.get_by_role("link", name="nightly Tick").first.click()
    operator.get_by_role("link", name="Cancel…").click()
    operator.get_by_label("Reason").fill("moving house")
    operator.get_by_role("button", name="Cancel now").click()
    expect(operator.get_by_text("1 cancelled.")).to_be_visible()
    operator.goto(f"{LIST}{schedule.pk}/change/")
    expect(operator.locator("#ticks")).to_contain_text("cancelled")
