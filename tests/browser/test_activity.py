"""The table of what happened lately, in a real browser."""

import math
from datetime import timedelta

import pytest
from playwright.sync_api import Page, expect

from tasks_core import clock
from tasks_core.models import MetricRollup

pytestmark = pytest.mark.django_db(transaction=True)


def test_the_curves_are_drawn_and_the_day_is_a_click_away(operator: Page) -> None:
    now = clock.now().replace(second=0, microsecond=0)
    MetricRollup.objects.bulk_create(
        MetricRollup(
            minute=now - timedelta(minutes=n),
            task_type=kind,
            measure=measure,
            bucket=bucket,
            count=round(scale * (20 + 15 * math.sin(n / 7))),
            amount=0,
        )
        for kind, scale in (("invoice.remind", 3), ("otp.send", 1))
        for measure, bucket in (("started", 3), ("completed", 5), ("failed", 6))
        for n in range(180)
    )
    operator.goto("/admin/")
    table = operator.get_by_role("region", name="What happened")
    expect(table.get_by_role("link", name="invoice.remind")).to_be_visible()
    curve = table.get_by_role("img").first
    box = curve.bounding_box()
    assert box is not None
    assert box["width"] > 100
    assert box["height"] > 20
    hour = table.get_by_role("row").nth(1).inner_text()
    table.get_by_role("link", name="in the last day").click()
    operator.wait_for_url("**span=day**")
    assert table.get_by_role("row").nth(1).inner_text() != hour
    table.get_by_role("link", name="otp.send").click()
    operator.wait_for_url("**type=otp.send**")
