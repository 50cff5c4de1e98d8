"""The list of tasks: found quickly, paged by key, never counted."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.test import Client
from django.test.utils import CaptureQueriesContext

import tasks_core
from tasks_core.admin.toolkit.bounded_query import TookTooLong, at_most
from tasks_core.models import Task
from tasks_core.models.task import TaskQuerySet
from tests.admin import rows

URL = "/admin/tasks_core/task/"
Queries = Callable[[], CaptureQueriesContext]


def shown(client: Client, query: str = "") -> list[int]:
    """Return the ids that a page of the list shows."""
    return [task.pk for task in client.get(URL + query).context["cl"].result_list]


def test_a_page_costs_the_same_number_of_queries_whatever_it_shows(
    operator: Client, queries: Queries
) -> None:
    rows.order()
    operator.get(URL)  # content types and the like are cached
    with queries() as one:
        operator.get(URL)
    tasks_core.enqueue_many("admin_tests.order", [{"number": n} for n in range(40)])
    with queries() as many:
        operator.get(URL)
    assert len(many) == len(one) <= 12


@pytest.mark.guarantee(n=19)
def test_no_list_counts_its_table(operator: Client, queries: Queries) -> None:
    tasks_core.enqueue_many("admin_tests.order", [{"number": n} for n in range(60)])
    for url in (URL, "/admin/tasks_core/taskevent/"):
        with queries() as captured:
            operator.get(url)
        statements = [query["sql"] for query in captured.captured_queries]
        assert not [sql for sql in statements if re.search(r"count\(", sql, re.IGNORECASE)]


@pytest.mark.guarantee(n=19)
def test_paging_shows_every_task_once_in_both_directions(operator: Client) -> None:
    ids = tasks_core.enqueue_many("admin_tests.order", [{"number": n} for n in range(120)])
    pages = list(followed(operator, "older_link"))
    assert [len(page) for page in pages] == [50, 50, 20]
    assert [key for page in pages for key in page] == sorted(ids, reverse=True)

    back = list(followed(operator, "newer_link", start=f"?before={pages[1][-1]}"))
    assert back == [pages[2], pages[1], pages[0]]


def followed(client: Client, link: str, start: str = "") -> Iterator[list[int]]:
    query = start
    while True:
        listed = client.get(URL + query).context["cl"]
        yield [task.pk for task in listed.result_list]
        query = getattr(listed, link)
        if not query:
            return


def test_the_place_in_the_list_is_kept_out_of_filters_and_searches(operator: Client) -> None:
    ids = tasks_core.enqueue_many("admin_tests.order", [{"number": n} for n in range(60)])
    page = operator.get(f"{URL}?before={ids[-1]}&state__exact=SCHEDULED")
    assert "before=" not in page.context["cl"].get_query_string()
    assert 'name="before"' not in rows.text(page)


@pytest.mark.parametrize("query", ["?before=x", "?after=" + "9" * 40, "?before=-1", "?p=7"])
def test_a_nonsensical_place_shows_the_first_page(operator: Client, query: str) -> None:
    task = rows.order()
    assert shown(operator, query) == [task.pk]


def test_search_finds_by_id_key_type_correlation_and_tag(operator: Client) -> None:
    rows.order(1)
    task = rows.order(2, idempotency_key="order-2", correlation_id="batch-9", tags=["customer:77"])
    again = tasks_core.enqueue("admin_tests.again", {})
    for term in (str(task.pk), "order-2", "batch-9", "customer:77"):
        assert shown(operator, f"?q={term}") == [task.pk]
    assert shown(operator, "?q=admin_tests.again") == [again.pk]
    assert shown(operator, "?q=TESTS.AGAIN") == [again.pk]
    assert shown(operator, "?q=nothing-like-this") == []
    assert shown(operator, "?q=" + "9" * 30) == []


def test_search_by_key_uses_the_unique_index(db: None) -> None:
    from tasks_core.admin.tasks.search import search

    keys = [f"order-{n}" for n in range(200)]
    payloads = [{"number": n} for n in range(200)]
    tasks_core.enqueue_many("admin_tests.order", payloads, idempotency_keys=keys)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    plan = search(Task.objects.all(), "order-77").order_by().explain()
    assert "tasks_core_task_unique_key" in plan
    assert "tasks_core_task_tags" in plan


def test_filters_by_state_type_queue_priority_and_time(operator: Client) -> None:
    done = rows.finished_order(1)
    later = tasks_core.schedule_delayed(
        "admin_tests.order", {"number": 2}, delay=timedelta(hours=1), priority=0, queue_name="vip"
    )
    due = tasks_core.enqueue("admin_tests.again", {})
    assert shown(operator, "?state__exact=SUCCEEDED") == [done.pk]
    assert shown(operator, "?type=admin_tests.again") == [due.pk]
    assert shown(operator, "?queue=vip") == [later.pk]
    assert shown(operator, "?priority__exact=0") == [later.pk]
    assert shown(operator, "?when=later") == [later.pk]
    assert shown(operator, "?when=overdue") == [due.pk]
    assert shown(operator, "?when=hour") == [done.pk]
    assert shown(operator, "?when=new-hour") == [due.pk, later.pk, done.pk]
    assert shown(operator, "?type=admin_tests.order&when=later") == [later.pk]


def test_a_query_that_takes_too_long_is_given_up(db: None) -> None:
    with pytest.raises(TookTooLong), at_most(0.05, using="default"), connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(5)")
    assert Task.objects.count() == 0  # the connection can still be used


def test_a_search_that_takes_too_long_says_what_to_do(
    operator: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(tasks: TaskQuerySet, term: str) -> QuerySet[Task]:
        return tasks.extra(where=["pg_sleep(5) IS NOT NULL"])

    rows.order()
    monkeypatch.setattr("tasks_core.admin.toolkit.keyset.SECONDS", 0.05)
    monkeypatch.setattr("tasks_core.admin.tasks.task.search", slow)
    page = operator.get(URL + "?q=anything")
    assert page.status_code == 200
    assert "Narrow it" in rows.text(page)
