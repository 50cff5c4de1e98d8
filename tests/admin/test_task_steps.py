"""Cancel and retry: only after a question, and with a clear answer."""

from datetime import timedelta

from django.contrib.admin.models import LogEntry
from django.test import Client

import tasks_core
from tasks_core import clock, testing
from tasks_core.models import DeadLetter, Task, TaskEvent
from tests.admin import rows


def url_of(task_id: int, step: str) -> str:
    return f"/admin/tasks_core/task/{task_id}/{step}/"


def test_asking_changes_nothing(operator: Client) -> None:
    task = rows.order()
    page = operator.get(url_of(task.pk, "cancel"))
    assert "This cannot be taken back" in rows.text(page)
    assert Task.objects.get(pk=task.pk).state == "SCHEDULED"


def test_a_task_is_cancelled_with_a_reason_and_the_operators_name(operator: Client) -> None:
    task = rows.order()
    answer = operator.post(url_of(task.pk, "cancel"), {"reason": "paid by cash"})
    assert answer["Location"] == f"/admin/tasks_core/task/{task.pk}/change/"
    assert Task.objects.get(pk=task.pk).state == "CANCELLED"
    event = TaskEvent.objects.get(task=task.pk, kind="cancelled")
    assert event.data == {"reason": "paid by cash (operator)"}
    assert rows.messages(operator) == ["1 cancelled."]
    assert LogEntry.objects.get().object_id == str(task.pk)


def test_a_cancellation_needs_a_reason(operator: Client) -> None:
    task = rows.order()
    page = operator.post(url_of(task.pk, "cancel"), {"reason": " "})
    assert "This field is required" in rows.text(page)
    assert Task.objects.get(pk=task.pk).state == "SCHEDULED"
    assert not LogEntry.objects.exists()


def test_cancelling_many_tells_how_many_had_finished(operator: Client) -> None:
    done = [rows.finished_order(n).pk for n in range(2)]
    waiting = [rows.order(n).pk for n in range(3)]
    said = rows.bulk(operator, "tasks_core/task", "cancel", done + waiting, reason="storm")
    assert said == ["3 cancelled, 2 had already finished."]
    assert Task.objects.filter(state="CANCELLED").count() == 3
    assert LogEntry.objects.count() == 3


def test_cancelling_what_has_finished_is_refused(operator: Client) -> None:
    task = rows.finished_order()
    operator.post(url_of(task.pk, "cancel"), {"reason": "late"})
    assert rows.messages(operator) == ["1 had already finished."]
    assert Task.objects.get(pk=task.pk).state == "SUCCEEDED"


def test_retrying_a_waiting_task_brings_it_forward(operator: Client) -> None:
    task = tasks_core.schedule_delayed("admin_tests.order", {"number": 1}, delay=timedelta(hours=9))
    operator.post(url_of(task.pk, "retry"))
    assert rows.messages(operator) == ["1 brought forward."]
    assert Task.objects.get(pk=task.pk).run_after <= clock.now()


def test_retrying_a_finished_task_enqueues_a_copy(operator: Client) -> None:
    task = rows.finished_order()
    operator.post(url_of(task.pk, "retry"))
    copy = Task.objects.get(replay_of=task.pk)
    (said,) = rows.messages(operator)
    assert said.startswith("1 enqueued again.")
    assert f"/admin/tasks_core/task/{copy.pk}/change/" in said
    assert copy.payload == task.payload


def test_retrying_a_dead_task_resolves_its_dead_letter(operator: Client) -> None:
    letter = rows.dead_letter()
    operator.post(url_of(letter.task_id, "retry"))
    letter = DeadLetter.objects.get(pk=letter.pk)
    assert (letter.resolution, letter.note) == ("replayed", "retried by operator")
    assert letter.replayed_as is not None
    assert letter.replayed_as.replay_of_id == letter.task_id


def test_retrying_many_says_which_could_not(operator: Client) -> None:
    waiting, running = rows.retrying_task(), rows.order(2)
    Task.objects.filter(pk=running.pk).update(state="RUNNING")
    said = rows.bulk(operator, "tasks_core/task", "retry", [waiting.pk, running.pk])
    refusal = f"task {running.pk} is RUNNING; only a finished task can be enqueued again"
    assert said == [f"1 brought forward, 1 could not be retried. {refusal}."]


def test_buttons_fit_the_state(operator: Client) -> None:
    def buttons(task_id: int) -> set[str]:
        page = rows.text(operator.get(f"/admin/tasks_core/task/{task_id}/change/"))
        return {step for step in ("cancel", "retry") if url_of(task_id, step) in page}

    queued = rows.order()
    Task.objects.filter(pk=queued.pk).update(state="QUEUED", queued_at=clock.now())
    assert buttons(queued.pk) == {"cancel"}
    assert buttons(rows.retrying_task().pk) == {"cancel", "retry"}
    assert buttons(rows.finished_order(3).pk) == {"retry"}


def test_a_step_for_a_task_that_is_gone_is_not_found(operator: Client) -> None:
    assert operator.post(url_of(999_999, "cancel"), {"reason": "x"}).status_code == 404


def test_the_list_returns_to_where_the_operator_was(operator: Client) -> None:
    task = rows.order()
    page = operator.post(
        "/admin/tasks_core/task/?state__exact=SCHEDULED",
        {"action": "cancel", "_selected_action": [task.pk], "index": "0"},
    )
    done = operator.post(page.context["url"], {"ids": page.context["ids"], "reason": "x"})
    assert done["Location"] == "/admin/tasks_core/task/?state__exact=SCHEDULED"
    testing.run_due()
    assert Task.objects.get(pk=task.pk).state == "CANCELLED"
