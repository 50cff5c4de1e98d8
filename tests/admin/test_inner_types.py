"""Inner task types belong to the platform: people reach them by no door, and who did it is known here."""

import json
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command
from django.test import Client
from django_celery_beat.models import CrontabSchedule, PeriodicTask

import tasks_core
from notifications import triggers
from notifications.api import notify, publish_template
from notifications.models import CronTrigger, Erasure, Notification
from notifications.task_types import erase_recipient
from tasks_core import clock, testing
from tasks_core.exceptions import InnerTaskType, ReplayRefused
from tasks_core.models import Backfill, DeadLetter, Occurrence, PeriodicTaskMirror, Schedule, Task
from tasks_core.registry import task_type, task_types
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tests.admin import rows
from tests.admin.test_schedule_form import FORM
from tests.admin.test_sealed_in_forms import client_with

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=21)]

ERASE = "notification.erase_recipient"
SCHEDULES = "/admin/tasks_core/schedule/"
LETTERS = "/admin/tasks_core/deadletter/"
OWN_APPS = ("notifications.", "tasks_core.")
INNER = sorted(
    name for name, known in task_types().items() if known.handler.__module__.startswith(OWN_APPS)
)
ADA = "ada@example.com"


@pytest.fixture
def scheduler() -> Client:
    """Whoever may do everything with schedules, and nothing else."""
    return client_with("view_schedule", "change_schedule", "add_schedule")


@pytest.fixture
def notification() -> Notification:
    publish_template("hello", channel="email", subject="Hello", text="Hello")
    return notify("hello", to=ADA)


@pytest.fixture
def cron_trigger() -> CronTrigger:
    return triggers.create_cron_trigger(
        "nightly", webhook="https://shop.example/hook", schedule="0 3 * * *"
    )


def payload_of(notification: Notification) -> dict[str, Any]:
    return {"notification": notification.pk, "asked_by": "ceo", "erasure": notification.pk}


def test_there_are_inner_types() -> None:
    assert {ERASE, "trigger.tick", "notification.deliver.email"} <= set(INNER)
    assert "tasks_core.send_celery_message" in INNER


@pytest.mark.parametrize("name", INNER)
def test_all_own_types_are_inner(name: str) -> None:
    assert task_types()[name].is_inner


@pytest.mark.parametrize("name", INNER)
def test_no_inner_type_is_enqueued_or_scheduled_from_python(name: str) -> None:
    soon = clock.now() + timedelta(minutes=5)
    for ask in (
        lambda: tasks_core.enqueue(name, {}),
        lambda: tasks_core.enqueue_many(name, [{}]),
        lambda: tasks_core.schedule_once(name, {}, at=soon),
        lambda: tasks_core.schedule_delayed(name, {}, delay=5),
        lambda: tasks_core.schedule_recurring(name, {}, every=60),
    ):
        with pytest.raises(InnerTaskType, match=f"'{name}' is inner"):
            ask()
    assert not Task.objects.exists()
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("name", INNER)
def test_no_command_enqueues_or_schedules_an_inner_type(name: str) -> None:
    for command in (
        ("enqueue_task", name),
        ("enqueue_task", name, "--delay", "5"),
        ("create_schedule", name, "--every", "60"),
        ("create_schedule", name, "--every", "60", "--replace"),
    ):
        with pytest.raises(CommandError, match="is inner"):
            call_command(*command)
    assert not Task.objects.exists()
    assert not Schedule.objects.exists()


def test_with_rights_on_schedules_nobody_is_erased(
    scheduler: Client, notification: Notification
) -> None:
    assert ERASE not in rows.text(scheduler.get(f"{SCHEDULES}add/"))
    form = {**FORM, "task_type": ERASE, "payload": json.dumps(payload_of(notification))}
    page = scheduler.post(f"{SCHEDULES}add/", form)
    assert "Select a valid choice" in rows.text(page)
    own = rows.schedule()
    url = f"{SCHEDULES}{own.pk}/change/"
    change = {"task_type": ERASE, "payload": form["payload"]}
    page = scheduler.post(url, {**rows.form_of(scheduler, url), **change})
    assert "Select a valid choice" in rows.text(page)
    own.refresh_from_db()
    assert own.task_type == "admin_tests.order"
    with pytest.raises(InnerTaskType):
        tasks_core.update_schedule(own.name, task_type=ERASE, payload=payload_of(notification))


@pytest.mark.parametrize("name", INNER)
def test_no_periodic_task_names_an_inner_type(name: str) -> None:
    crontab = CrontabSchedule.objects.create(minute="0", hour="9")
    row = PeriodicTask.objects.create(name="sly", task=name, crontab=crontab)
    follow()
    assert "is inner" in PeriodicTaskMirror.objects.get(periodic_task_id=row.pk).problem
    assert not Schedule.objects.exists()
    with pytest.raises(CommandError):
        call_command("import_periodic_tasks", "sly")
    assert not Schedule.objects.exists()


def test_the_schedule_of_a_cron_trigger_is_changed_by_its_trigger_only(
    scheduler: Client, cron_trigger: CronTrigger
) -> None:
    schedule = Schedule.objects.get(name=cron_trigger.schedule_name)
    url = f"{SCHEDULES}{schedule.pk}/"
    page = rows.text(scheduler.get(f"{url}change/"))
    assert 'name="_save"' not in page
    for step in ("trigger", "backfill", "disable", "pause", "delete-schedule"):
        assert f"{url}{step}/" not in page
    assert scheduler.post(f"{url}change/", {**FORM, "name": "mine"}).status_code == 403
    scheduler.post(f"{url}trigger/")
    scheduler.post(f"{url}disable/")
    start, end = clock.now() - timedelta(days=3), clock.now() - timedelta(days=1)
    for ask in (
        lambda: tasks_core.update_schedule(schedule.name, payload={"trigger": 1}),
        lambda: tasks_core.update_schedule(schedule.name, task_type="admin_tests.again"),
        lambda: tasks_core.update_schedule(schedule.name, cron="* * * * *"),
        lambda: tasks_core.trigger_now(schedule.name),
        lambda: tasks_core.pause_schedule(schedule.name, reason="mine"),
        lambda: tasks_core.delete_schedule(schedule.name),
        lambda: tasks_core.backfill(schedule.name, start, end),
    ):
        with pytest.raises(InnerTaskType, match="such as its cron trigger"):
            ask()
    for command in (
        ("trigger_schedule", schedule.name),
        ("pause_schedule", schedule.name, "--reason", "mine"),
        ("delete_schedule", schedule.name),
        (
            "create_schedule",
            "admin_tests.again",
            "--name",
            schedule.name,
            "--every",
            "5",
            "--replace",
        ),
    ):
        with pytest.raises(CommandError, match="for the platform itself"):
            call_command(*command)
    schedule.refresh_from_db()
    assert schedule.is_enabled
    assert schedule.expression == "0 3 * * *"
    assert not Occurrence.objects.filter(task_id__isnull=False).exists()
    assert not Backfill.objects.exists()


def test_with_rights_on_schedules_nobody_silences_a_cron_trigger(
    cron_trigger: CronTrigger,
) -> None:
    rights = ("schedule", "occurrence")
    everything = client_with(
        *(f"{deed}_{one}" for deed in ("view", "change", "delete") for one in rights)
    )
    schedule = Schedule.objects.get(name=cron_trigger.schedule_name)
    url = f"{SCHEDULES}{schedule.pk}/"
    everything.post(f"{url}delete-schedule/", {})
    everything.post(f"{url}pause/", {"reason": "mine"})
    for step in ("delete-schedule", "pause"):
        said = rows.bulk(everything, "tasks_core/schedule", step, [schedule.pk], reason="mine")
        assert "such as its cron trigger" in said[0]
    tick = schedule.occurrences.upcoming().first()
    assert tick is not None
    ledger = f"/admin/tasks_core/occurrence/{tick.pk}/"
    assert f"{ledger}cancel/" not in rows.text(everything.get(f"{ledger}change/"))
    everything.post(f"{ledger}cancel/", {"reason": "mine"})
    with pytest.raises(InnerTaskType):
        tasks_core.cancel_occurrence(tick.pk)
    schedule.refresh_from_db()
    tick.refresh_from_db()
    assert (schedule.deleted_at, schedule.paused_at, tick.outcome) == (None, None, "upcoming")


def test_an_operator_of_the_machine_deletes_what_was_scheduled_before_it_was_inner(
    cron_trigger: CronTrigger,
) -> None:
    call_command("delete_schedule", cron_trigger.schedule_name, "--inner")
    assert not Schedule.objects.existing().exists()


def test_the_times_of_an_imported_celery_message_are_free_and_what_it_runs_is_not(
    scheduler: Client,
) -> None:
    crontab = CrontabSchedule.objects.create(minute="0", hour="9")
    PeriodicTask.objects.create(name="count", task="shop.count", crontab=crontab)
    call_command("import_periodic_tasks")
    schedule = Schedule.objects.get()
    url = f"{SCHEDULES}{schedule.pk}/change/"
    form = rows.form_of(scheduler, url)
    other = json.dumps({**schedule.payload, "task": "shop.drop"})
    page = scheduler.post(url, {**form, "payload": other})
    assert "is inner" in rows.text(page)
    done = scheduler.post(url, {**form, "expression": "0 10 * * *"})
    assert done.status_code == 302, page.context["adminform"].form.errors
    schedule.refresh_from_db()
    assert (schedule.payload["task"], schedule.expression) == ("shop.count", "0 10 * * *")
    assert tasks_core.trigger_now(schedule.name).task_type == "tasks_core.send_celery_message"


def dead_letter_of(task: Task) -> DeadLetter:
    """Let a task die without having run, as one does whose worker lacks something."""
    Task.objects.filter(pk=task.pk).update(state="DEAD", finished_at=clock.now())
    return DeadLetter.objects.create(
        task=task, task_type=task.task_type, attempts=1, created_at=clock.now()
    )


def test_an_erasure_is_not_replayed_and_its_letter_not_edited(notification: Notification) -> None:
    replayer = client_with("view_deadletter", "change_deadletter", "view_task", "change_task")
    task = tasks_core.enqueue(ERASE, {"erasure": 1}, inner=True)
    letter = dead_letter_of(task)
    page = rows.text(replayer.get(f"{LETTERS}{letter.pk}/change/"))
    assert "edit-and-replay" not in page
    replayer.post(f"{LETTERS}{letter.pk}/replay/", {"note": ""})
    assert "is inner, and its tasks are not replayed" in rows.messages(replayer)[0]
    answer = replayer.post(
        f"{LETTERS}{letter.pk}/edit-and-replay/", {"payload": '{"erasure": 2}', "note": ""}
    )
    assert "is inner" in rows.text(answer)
    replayer.post(f"/admin/tasks_core/task/{task.pk}/retry/", {})
    assert "is inner, and its tasks are not replayed" in rows.messages(replayer)[0]
    for options in ([], ["--payload", '{"erasure": 2}']):
        with pytest.raises(CommandError):
            call_command("replay_dead_letters", str(letter.pk), *options)
    with pytest.raises(ReplayRefused):
        tasks_core.enqueue_again(task.pk)
    assert Task.objects.filter(task_type=ERASE).count() == 1


def test_a_delivery_is_replayed_as_it_was_and_not_for_another(notification: Notification) -> None:
    testing.run_due()
    delivery = notification.deliveries.get()
    task = tasks_core.enqueue("notification.deliver.email", {"delivery": delivery.pk}, inner=True)
    letter = dead_letter_of(task)
    with pytest.raises(InnerTaskType):
        tasks_core.replay(letter.pk, payload={"delivery": delivery.pk + 1})
    assert tasks_core.replay(letter.pk).payload == {"delivery": delivery.pk}


def test_who_asked_is_who_was_signed_in(
    notification: Notification, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever a payload says, the row that was written with the permission decides."""
    eraser = client_with("view_notification", "erase_notification")
    url = f"/admin/notifications/notification/{notification.pk}/erase/"
    eraser.post(url, {"sure": "on", "asked_by": "ceo", "actor": "ceo"})
    asked = Erasure.objects.get()
    assert asked.asked_by == "view_notification-erase_notification"
    with caplog.at_level("INFO"):
        testing.run_due()
    [record] = [one for one in caplog.records if one.message == "a recipient was erased"]
    assert vars(record)["asked_by"] == asked.asked_by
    assert User.objects.filter(username=asked.asked_by).exists()


def test_a_forged_payload_erases_nobody(notification: Notification) -> None:
    schema = task_types()[ERASE].schema
    assert erase_recipient(schema.load(payload_of(notification))) == {}
    notification.refresh_from_db()
    assert notification.address == ADA


def test_an_erasure_that_failed_can_be_asked_for_again(notification: Notification) -> None:
    eraser = client_with("view_notification", "erase_notification")
    url = f"/admin/notifications/notification/{notification.pk}/erase/"
    eraser.post(url, {"sure": "on"})
    eraser.post(url, {"sure": "on"})
    task = Task.objects.get(task_type=ERASE)
    Task.objects.filter(pk=task.pk).update(state="DEAD", unique_key=None)
    eraser.post(url, {"sure": "on"})
    assert Task.objects.filter(task_type=ERASE).count() == 2
    testing.run_due()
    notification.refresh_from_db()
    assert notification.address != ADA


def test_own_types_can_be_inner_too() -> None:
    @task_type("admin_tests.inner", queue_name="admin-tests", inner=True)
    def inner(payload: dict[str, Any]) -> None:
        pass

    with pytest.raises(InnerTaskType):
        tasks_core.enqueue("admin_tests.inner", {})
    assert tasks_core.enqueue("admin_tests.inner", {}, inner=True).pk
