"""What an operator does on a bad day, in a real browser."""

import json
import re

import pytest
from playwright.sync_api import Page, expect

import tasks_core
from tasks_core.models import DeadLetter, RetryPolicy, Task
from tests.admin import rows

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_wrong_password_is_refused(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_label("Username").fill("operator")
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_text("Please enter the correct username and password")).to_be_visible()


def test_the_first_page_says_how_it_is_going(operator: Page) -> None:
    rows.order()
    operator.reload()
    expect(operator.get_by_role("link", name=re.compile(r"^Scheduled\s+\d"))).to_contain_text("1")
    expect(operator.get_by_role("link", name="Beats alive")).to_contain_text("start a beat")
    operator.get_by_role("link", name="Oldest due task").click()
    expect(operator.get_by_role("link", name="admin_tests.order")).to_be_visible()


def test_a_task_is_found_looked_at_and_cancelled(operator: Page) -> None:
    task = rows.order(7, idempotency_key="order-7")
    rows.order(8)
    operator.locator("a[href$='/tasks_core/task/']").click()
    operator.locator("#searchbar").fill("order-7")
    operator.keyboard.press("Enter")
    operator.wait_for_url("**q=order-7**")
    operator.get_by_role("link", name=f"#{task.pk}").click()
    expect(operator.locator("#timeline")).to_contain_text("Scheduled")
    expect(operator.locator("#payload")).to_contain_text('"number": 7')

    operator.get_by_role("link", name="Cancel…").click()
    operator.get_by_label("Reason").fill("paid by cash")
    operator.get_by_role("button", name="Cancel now").click()
    expect(operator.get_by_text("1 cancelled.")).to_be_visible()
    expect(operator.locator("#timeline")).to_contain_text("paid by cash (operator)")
    assert Task.objects.get(pk=task.pk).state == "CANCELLED"


def test_tasks_are_ticked_in_the_list_and_cancelled_together(operator: Page) -> None:
    tasks_core.enqueue_many("admin_tests.order", [{"number": n} for n in range(3)])
    operator.goto("/admin/tasks_core/task/")
    operator.locator("#action-toggle").check()
    operator.locator("select[name=action]").select_option("cancel")
    operator.get_by_role("button", name="Run").click()
    expect(operator.get_by_role("heading", name="Cancel: 3 tasks")).to_be_visible()
    operator.get_by_label("Reason").fill("storm")
    operator.get_by_role("button", name="Cancel now").click()
    expect(operator.get_by_text("3 cancelled.")).to_be_visible()
    assert Task.objects.filter(state="CANCELLED").count() == 3


def test_a_dead_letter_is_corrected_and_replayed(operator: Page) -> None:
    letter = rows.dead_letter(4, card="4111-secret")
    operator.goto("/admin/")
    operator.get_by_role("link", name="Open dead letters").click()
    operator.get_by_role("link", name="admin_tests.order").click()
    expect(operator.locator("#traceback")).to_contain_text("Traceback (most recent call last)")
    operator.get_by_role("link", name="Edit and replay…").click()

    editor = operator.get_by_label("Payload", exact=True)
    payload = json.loads(editor.input_value())
    assert payload["card"] == "••••••"
    editor.fill(json.dumps({**payload, "number": "seven"}))
    operator.get_by_role("button", name="Replay with this payload").click()
    expect(operator.get_by_role("alert")).to_contain_text("payload.number")

    editor.fill(json.dumps({**payload, "fails": False}))
    operator.get_by_role("button", name="Replay with this payload").click()
    expect(operator.get_by_text("1 replayed.")).to_be_visible()
    expect(operator.get_by_text("Replayed", exact=True)).to_be_visible()
    assert DeadLetter.objects.get(pk=letter.pk).resolution == "replayed"


def test_the_delays_of_a_policy_follow_the_form(operator: Page) -> None:
    policy = RetryPolicy.objects.create(name="gentle", jitter="none", max_attempts=4)
    operator.goto(f"/admin/tasks_core/retrypolicy/{policy.pk}/change/")
    delays = operator.locator("#delays")
    expect(delays).to_contain_text("8 s")
    operator.locator("#id_initial").fill("50")
    expect(delays).to_contain_text("3.3 min")
    operator.locator("#id_factor").fill("0")
    expect(delays.get_by_role("alert")).to_contain_text("factor")
    policy.refresh_from_db()
    assert policy.initial == 2


def test_a_template_is_previewed_while_it_is_written_and_published(operator: Page) -> None:
    operator.goto("/admin/notifications/template/add/")
    operator.locator("#id_name").fill("receipt")
    operator.locator("#id_subject").fill("Receipt {{ number }}")
    operator.locator("#id_text").fill("Thank you for {{ number }}.")
    operator.locator("#id_html").fill("<h1>Thanks</h1><script>parent.hacked = 1</script>")
    preview = operator.locator("#preview")
    operator.locator("#id_sample").fill('{"number": "R-7"}')
    expect(preview).to_contain_text("Thank you for R-7.")
    expect(preview.frame_locator("iframe").get_by_role("heading")).to_have_text("Thanks")
    assert operator.evaluate("window.hacked") is None

    operator.locator("#id_text").fill("one\n{{ nobody }}")
    expect(preview.get_by_role("alert")).to_contain_text("nobody")
    operator.locator("#id_text").fill("Thank you for {{ number }}!")
    operator.get_by_role("button", name="Publish").click()
    expect(operator.get_by_text("Version 1 is published")).to_be_visible()
    expect(operator.get_by_role("link", name="Version 1")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_follow_the_systems_colours(operator: Page, scheme: str) -> None:
    operator.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    operator.reload()
    is_dark = "document.documentElement.classList.contains('dark')"
    operator.wait_for_function(f"{is_dark} === {str(scheme == 'dark').lower()}")
