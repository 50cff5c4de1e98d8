"""Lists cost the same number of statements however many rows they show."""

from collections.abc import Callable

import pytest
from django.test import Client
from django.test.utils import CaptureQueriesContext

from notifications.api import save_category
from tasks_core.testing import run_due
from tests.admin.notification_rows import LISTS, one_of_each

URL = "/admin/notifications/"


@pytest.mark.django_db
def test_no_list_asks_for_each_row(
    operator: Client, queries: Callable[[], CaptureQueriesContext]
) -> None:
    def cost(name: str) -> int:
        with queries() as captured:
            assert operator.get(f"{URL}{name}/").status_code == 200
        return len(captured)

    save_category("news")
    one_of_each(1)
    run_due()
    for name in LISTS:
        cost(name)  # what is read once per process
    before = {name: cost(name) for name in LISTS}
    for number in range(2, 6):
        one_of_each(number)
    run_due()
    assert {name: cost(name) for name in LISTS} == before
