"""One id from the request or caller to its tasks and theirs."""

import asyncio
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import AsyncClient, Client, RequestFactory

import tasks_core
from tasks_core.exceptions import InvalidOption
from tasks_core.middleware import CorrelationMiddleware
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.support.life import plain_type


def _ids() -> list[str]:
    return list(Task.objects.order_by("pk").values_list("correlation_id", flat=True))


def _seen_by(**headers: str) -> tuple[str, HttpResponse]:
    seen: list[str] = []

    def view(request: HttpRequest) -> HttpResponse:
        seen.append(tasks_core.current_correlation_id())
        return HttpResponse()

    request = RequestFactory().get(
        "/", headers={k.replace("_", "-"): v for k, v in headers.items()}
    )
    response: Any = CorrelationMiddleware(view)(request)
    return seen[0], response


@pytest.mark.usefixtures("transactional_db")
def test_tasks_made_in_a_block_have_its_id() -> None:
    plain_type()
    with tasks_core.correlation("order-7") as given:
        tasks_core.enqueue("plain", {})
        tasks_core.enqueue_many("plain", [{}, {}])
        tasks_core.enqueue("plain", {}, correlation_id="own")
        with tasks_core.correlation("inner"):
            tasks_core.schedule_delayed("plain", {}, delay=60)
        tasks_core.enqueue("plain", {})
    tasks_core.enqueue("plain", {})

    assert given == "order-7"
    assert _ids() == ["order-7", "order-7", "order-7", "own", "inner", "order-7", ""]


@pytest.mark.usefixtures("transactional_db")
def test_handler_inherits_the_id_of_its_task_and_not_of_who_runs_it() -> None:
    plain_type("child")

    @tasks_core.task_type("parent")
    def parent(payload: dict[str, Any]) -> None:
        tasks_core.enqueue("child", {})
        with tasks_core.correlation("block"):
            tasks_core.enqueue("child", {})
        tasks_core.enqueue("child", {}, correlation_id="")

    tasks_core.enqueue("parent", {}, correlation_id="order-7")
    with tasks_core.correlation("whoever runs it"):
        run_due()

    assert _ids() == ["order-7", "order-7", "block", ""]


async def test_concurrent_coroutines_have_ids_of_their_own() -> None:
    async def one(name: str) -> str:
        with tasks_core.correlation(name):
            await asyncio.sleep(0.001)
            return tasks_core.current_correlation_id()

    names = [f"c{n}" for n in range(50)]
    assert await asyncio.gather(*map(one, names)) == names
    assert tasks_core.current_correlation_id() == ""


def test_new_ids_differ() -> None:
    with tasks_core.correlation() as one, tasks_core.correlation() as other:
        assert len({one, other}) == 2
        assert tasks_core.current_correlation_id() == other


@pytest.mark.parametrize("wrong", ["", "x" * 129, "a\nb", "a\x00", 7])
def test_id_that_cannot_be_one_is_refused(wrong: Any) -> None:
    with pytest.raises(InvalidOption, match="correlation_id must"), tasks_core.correlation(wrong):
        pass
    assert tasks_core.current_correlation_id() == ""


@pytest.mark.parametrize("header", ["X_Request_ID", "X_Correlation_ID"])
def test_id_of_a_request_is_taken_and_returned(header: str) -> None:
    seen, response = _seen_by(**{header: "req-1:a/b=@+._"})

    assert (
        seen == response["X-Request-ID"] == response[header.replace("_", "-")] == "req-1:a/b=@+._"
    )
    assert tasks_core.current_correlation_id() == ""


def test_request_id_goes_before_correlation_id() -> None:
    seen, response = _seen_by(X_Request_ID="one", X_Correlation_ID="two")

    assert seen == response["X-Request-ID"] == "one"
    assert "X-Correlation-ID" not in response


@pytest.mark.parametrize(
    "wrong",
    ["x" * 129, "a b", "a\tb", "<script>", "a'b", 'a"b', "ü", "-a", "a;b", "a{b}", "a\u2028"],
)
def test_id_that_is_not_acceptable_is_replaced(wrong: str) -> None:
    seen, response = _seen_by(X_Request_ID=wrong)

    assert seen == response["X-Request-ID"]
    assert len(seen) == 32
    fallback, _ = _seen_by(X_Request_ID=wrong, X_Correlation_ID="good")
    assert fallback == "good"


def test_every_page_answers_with_an_id(client: Client) -> None:
    first, second = (client.get("/admin/login/")["X-Request-ID"] for _ in range(2))

    assert len({first, second, ""}) == 3
    assert client.get("/", headers={"X-Request-ID": "mine"})["X-Request-ID"] == "mine"


async def test_asynchronous_pages_have_one_too(async_client: AsyncClient) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        return HttpResponse(tasks_core.current_correlation_id())

    middleware: Any = CorrelationMiddleware(view)
    response = await middleware(RequestFactory().get("/", headers={"X-Request-ID": "mine"}))
    assert response.content.decode() == response["X-Request-ID"] == "mine"

    response = await async_client.get("/nowhere/", headers={"X-Request-ID": "mine"})
    assert response["X-Request-ID"] == "mine"
