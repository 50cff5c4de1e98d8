"""The page of a task tells its story, and none of its secrets."""

import re
from datetime import timedelta

from django.db.models import F
from django.test import Client

import tasks_core
from tasks_core import clock, testing
from tasks_core.client.replay import enqueue_again
from tasks_core.events.summarizing import summarize_and_delete
from tasks_core.models import DeadLetter, RetryPolicy, Task, TaskHistory
from tests.admin import rows


def page_of(client: Client, task_id: int) -> str:
    return rows.text(client.get(f"/admin/tasks_core/task/{task_id}/change/"))


def test_the_timeline_tells_what_happened_in_order(viewer: Client) -> None:
    letter = rows.dead_letter(7)
    page = page_of(viewer, letter.task_id)
    story = ["Scheduled", "Handed to the broker", "Attempt 1 started", "Attempt 1 failed"]
    places = [page.index(f"<strong>{title}</strong>") for title in [*story, "Given up"][:4]]
    assert places == sorted(places)
    assert "ValueError: order 7 has no customer" in page
    assert "its only attempt is used up" in page
    assert f"/admin/tasks_core/deadletter/{letter.pk}/change/" in page


def test_a_retrying_task_says_when_it_is_tried_again(viewer: Client) -> None:
    task = rows.retrying_task()
    page = page_of(viewer, task.pk)
    assert "Waits for another attempt" in page
    assert "1 of 5 used" in page
    assert re.search(r"next attempt at</dt><dd><time [^>]*>in 10 min</time>", page)


def test_payload_and_result_are_shown_and_secrets_are_masked(viewer: Client) -> None:
    task = tasks_core.enqueue("admin_tests.order", {"number": 5, "card": "4111-secret"})
    testing.run_due()
    page = page_of(viewer, task.pk)
    assert "&quot;number&quot;: 5" in page
    assert "••••••" in page
    assert "&quot;done&quot;: 5" in page
    assert "4111-secret" not in page
    assert "$sealed" not in page


def test_markup_in_a_payload_stays_text(viewer: Client) -> None:
    task = tasks_core.enqueue("admin_tests.again", {"name": "<script>alert(1)</script>"})
    assert "<script>alert(1)" not in page_of(viewer, task.pk)


def test_a_repeated_task_is_linked_both_ways(viewer: Client) -> None:
    first = rows.finished_order()
    second = enqueue_again(first.pk)
    assert f"/admin/tasks_core/task/{second.pk}/change/" in page_of(viewer, first.pk)
    assert f"/admin/tasks_core/task/{first.pk}/change/" in page_of(viewer, second.pk)


def test_a_named_policy_is_linked(viewer: Client) -> None:
    policy = RetryPolicy.objects.create(name="gentle")
    task = rows.order(retry="gentle")
    page = page_of(viewer, task.pk)
    assert f"/admin/tasks_core/retrypolicy/{policy.pk}/change/" in page
    assert "0 of 5 used" in page


def test_a_task_of_a_type_that_is_gone_can_still_be_looked_at(viewer: Client) -> None:
    letter = rows.dead_letter()
    type(letter.task).objects.filter(pk=letter.task_id).update(task_type="gone.type")
    DeadLetter.objects.filter(pk=letter.pk).update(task_type="gone.type")
    assert "gone.type" in page_of(viewer, letter.task_id)
    letter_page = viewer.get(f"/admin/tasks_core/deadletter/{letter.pk}/change/")
    assert letter_page.status_code == 200


def test_an_unknown_id_leads_back_with_a_message(viewer: Client) -> None:
    answer = viewer.get("/admin/tasks_core/task/999999/change/")
    assert answer.status_code == 302


def test_events_are_listed_and_found_by_task(viewer: Client) -> None:
    first, second = rows.finished_order(1), rows.order(2)
    listed = viewer.get(f"/admin/tasks_core/taskevent/?q={first.pk}").context["cl"].result_list
    assert {event.task_id for event in listed} == {first.pk}
    assert [event.kind for event in listed][::-1] == ["scheduled", "queued", "started", "completed"]
    every = viewer.get("/admin/tasks_core/taskevent/").context["cl"].result_list
    assert {event.task_id for event in every} == {first.pk, second.pk}
    detail = viewer.get(f"/admin/tasks_core/taskevent/{listed[0].pk}/change/")
    assert f"task #{first.pk}" in rows.text(detail)


def test_what_old_events_were_is_told_by_their_summary(viewer: Client) -> None:
    letter = rows.dead_letter(7)
    assert "Earlier events" not in page_of(viewer, letter.task_id)
    assert summarize_and_delete("tasks_core_taskevent", before=clock.now(), limit=100) == 5
    assert TaskHistory.objects.filter(pk=letter.task_id).exists()

    page = page_of(viewer, letter.task_id)

    assert "Earlier events" in page
    assert "No events are stored." in page
    for text in ("1 dead lettered", "1 started", "ValueError: order 7 has no customer"):
        assert text in page


def test_a_single_attempt_started_once(operator: Client) -> None:
    task = rows.finished_order()
    Task.objects.filter(pk=task.pk).update(started_at=F("started_at") - timedelta(seconds=30))
    page = page_of(operator, task.pk)
    assert "<dt>Started</dt>" in page
    assert "First started" not in page
    assert "30 s" not in page, "what it waited with others of its batch is no time that it took"
    Task.objects.filter(pk=task.pk).update(attempts=2)
    page = page_of(operator, task.pk)
    assert "First started" in page
    assert "Last started" in page
    assert "over 2 attempts" in page
