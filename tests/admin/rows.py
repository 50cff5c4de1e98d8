"""Rows for the admin to show, and what its pages said about a deed."""

from html import unescape
from typing import Any

from django.test import Client

import tasks_core
from tasks_core import testing
from tasks_core.models import DeadLetter, Schedule, Task


def order(number: int = 1, **options: Any) -> Task:
    """Enqueue an order that succeeds when it is run."""
    return tasks_core.enqueue("admin_tests.order", {"number": number}, **options)


def finished_order(number: int = 1, **options: Any) -> Task:
    """Run an order that succeeds."""
    task = order(number, **options)
    testing.run_due()
    return Task.objects.get(pk=task.pk)


def retrying_task() -> Task:
    """Run a task that fails and waits for another attempt."""
    task = tasks_core.enqueue("admin_tests.again", {})
    testing.run_due()
    return Task.objects.get(pk=task.pk)


def dead_letter(number: int = 1, card: str = "card-default") -> DeadLetter:
    """Let an order fail for good, and return what is left of it."""
    payload = {"number": number, "card": card, "fails": True}
    task = tasks_core.enqueue("admin_tests.order", payload)
    testing.run_due()
    return DeadLetter.objects.get(task=task.pk)


def text(response: Any) -> str:
    """Return the page as text."""
    return str(response.content.decode())


def messages(client: Client) -> list[str]:
    """Return what the next page says about what was done before."""
    return [unescape(str(message)) for message in client.get("/admin/").context["messages"]]


def bulk(client: Client, model: str, step: str, keys: list[int], **answers: str) -> list[str]:
    """Tick rows in a list, choose a step, answer its page; return what was said afterwards."""
    url = f"/admin/{model}/"
    page = client.post(url, {"action": step, "_selected_action": keys, "index": "0"})
    assert page.status_code == 200, page
    ids = page.context["ids"]
    done = client.post(page.context["url"], {"ids": ids, **answers})
    assert done.status_code == 302, text(done)
    return messages(client)


def schedule(name: str = "nightly", **options: Any) -> Schedule:
    """Make a schedule of orders."""
    given = {"payload": {"number": 1}, "cron": "30 2 * * *", "timezone": "Europe/Berlin"}
    return tasks_core.schedule_recurring("admin_tests.order", name=name, **{**given, **options})


def form_of(client: Client, url: str) -> dict[str, str]:
    """Return what a browser would send of the form on a page, if nothing was edited."""
    form = client.get(url).context["adminform"].form
    values = {field.html_name: field.value() for field in form}
    return {
        name: "" if value is None else str(value)
        for name, value in values.items()
        if value is not False  # a box that is not ticked
    }
