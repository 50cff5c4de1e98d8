"""Periodic tasks stay editable in their usual admin, which tells what the platform makes of them."""

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, PeriodicTask

from tasks_core.models import Schedule, Task
from tasks_core.schedules.periodic_tasks.mirroring import follow
from tests.admin.rows import text

pytestmark = pytest.mark.django_db
LIST = "admin:django_celery_beat_periodictask_changelist"


@pytest.fixture
def owner() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("owner"))
    return client


@pytest.fixture
def row() -> PeriodicTask:
    crontab = CrontabSchedule.objects.create(minute="0", hour="9")
    return PeriodicTask.objects.create(name="nightly count", task="shop.count", crontab=crontab)


def _form(row: PeriodicTask, **changes: str) -> dict[str, str]:
    return {
        "name": row.name,
        "task": row.task,
        "enabled": "on",
        "crontab": str(row.crontab_id),
        "args": "[]",
        "kwargs": "{}",
        "headers": "{}",
        "description": "",
        "regtask": "",
        **changes,
    }


def test_list_shows_the_next_run_and_no_warning_of_the_wrong_scheduler(
    owner: Client, row: PeriodicTask
) -> None:
    follow()
    Schedule.objects.update(next_fire_at="2036-07-01T09:00Z")
    page = owner.get(reverse(LIST)).content.decode()
    assert "nightly count" in page
    assert "July 1, 2036" in page
    assert "DatabaseScheduler" not in page


def test_row_is_made_and_edited_in_the_form(owner: Client, row: PeriodicTask) -> None:
    add = reverse("admin:django_celery_beat_periodictask_add")
    assert owner.get(add).status_code == 200
    assert owner.post(add, _form(row, name="another")).status_code == 302
    change = reverse("admin:django_celery_beat_periodictask_change", args=[row.pk])
    assert "unfold" in owner.get(change).content.decode()
    assert owner.post(change, _form(row, kwargs='{"shelf": 3}')).status_code == 302

    follow()
    shelves = {s.name: s.payload["kwargs"] for s in Schedule.objects.existing()}
    assert shelves == {"another": "{}", "nightly count": '{"shelf": 3}'}


@pytest.mark.parametrize(
    ("table", "change", "says"),
    [
        ("django_celery_beat_crontabschedule", "timezone = 'Mars/Olympus'", "Mars/Olympus"),
        ("django_celery_beat_periodictask", "start_time = 'infinity'", "timestamp too large"),
    ],
)
def test_row_that_cannot_be_read_hides_no_other_in_the_list_and_says_why(
    owner: Client, row: PeriodicTask, table: str, change: str, says: str
) -> None:
    other = CrontabSchedule.objects.create(minute="5", hour="9")
    PeriodicTask.objects.create(name="its neighbour", task="shop.count", crontab=other)
    key = row.crontab_id if "crontab" in table else row.pk
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {table} SET {change} WHERE id = %s", [key])
    page = owner.get(reverse(LIST)).content.decode()
    assert "nightly count" in page
    assert "its neighbour" in page
    assert says in page


def _change_crontab(change: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE django_celery_beat_crontabschedule SET {change}")


@pytest.mark.parametrize(
    "page",
    [
        "crontabschedule_changelist",
        "crontabschedule_change",
        "periodictask_add",
        "periodictask_change",
        "periodictask_history",
        "periodictask_delete",
    ],
)
def test_pages_show_the_name_of_a_zone_that_this_machine_does_not_know(
    owner: Client, row: PeriodicTask, page: str
) -> None:
    _change_crontab("timezone = 'Mars/Olympus'")
    pk = row.crontab_id if page.startswith("crontab") else row.pk
    keys = [] if page.endswith(("add", "list")) else [pk]
    answer = owner.get(reverse(f"admin:django_celery_beat_{page}", args=keys))
    assert answer.status_code == 200
    if page != "periodictask_history":
        assert "Mars/Olympus" in answer.content.decode()


def test_zone_that_this_machine_does_not_know_is_corrected_in_the_form(
    owner: Client, row: PeriodicTask
) -> None:
    _change_crontab("timezone = 'Mars/Olympus'")
    change = reverse("admin:django_celery_beat_crontabschedule_change", args=[row.crontab_id])
    page = owner.get(change).content.decode()
    assert '<option value="Mars/Olympus" selected>' in page
    fields = ("minute", "hour", "day_of_week", "day_of_month", "month_of_year")
    form = {
        "periodictask_set-TOTAL_FORMS": "0",
        "periodictask_set-INITIAL_FORMS": "0",
        **{name: getattr(row.crontab, name) for name in fields},
    }
    refused = owner.post(change, {**form, "timezone": "Mars/Olympus"})
    assert "Select a valid choice" in refused.content.decode()
    assert owner.post(change, {**form, "timezone": "Europe/Berlin"}).status_code == 302
    follow()
    assert Schedule.objects.ticking().get().timezone == "Europe/Berlin"


def test_row_whose_instant_nobody_can_read_leads_back_to_the_list_with_the_reason(
    owner: Client, row: PeriodicTask
) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_celery_beat_periodictask SET start_time = 'infinity'")
    change = reverse("admin:django_celery_beat_periodictask_change", args=[row.pk])
    page = owner.get(change, follow=True).content.decode()
    assert f"Row {row.pk} is not shown: this process cannot read it: timestamp too large" in page
    assert "nightly count" in page


@pytest.mark.parametrize("page", ["change", "delete", "history"])
@pytest.mark.parametrize(
    ("model", "column"),
    [
        ("periodictask", "start_time"),
        ("periodictask", "expires"),
        ("periodictask", "last_run_at"),
        ("periodictask", "date_changed"),
        ("clockedschedule", "clocked_time"),
    ],
)
def test_instant_that_nobody_can_read_closes_no_page_but_those_of_its_row(
    owner: Client, row: PeriodicTask, model: str, column: str, page: str
) -> None:
    clocked = ClockedSchedule.objects.create(clocked_time="2036-07-01T09:00Z")
    sound = ClockedSchedule.objects.create(clocked_time="2037-08-02T10:00Z")
    _run_at(clocked, "once")
    crontab = row.crontab
    assert crontab
    key = row.pk if model == "periodictask" else clocked.pk
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE django_celery_beat_{model} SET {column} = 'infinity' WHERE id = %s", [key]
        )
    change = reverse(f"admin:django_celery_beat_{model}_{page}", args=[key])
    answer = owner.get(change, follow=True)
    assert answer.status_code == 200
    assert "is not shown: this process cannot read it: timestamp too large" in text(answer)
    for name in ("periodictask", "clockedschedule", "crontabschedule"):
        seen = text(owner.get(reverse(f"admin:django_celery_beat_{name}_changelist")))
        if name == "clockedschedule":
            assert "Aug. 2, 2037" in seen
            is_named = f"Row {clocked.pk} is not shown: this process cannot read it" in seen
            assert is_named == (model == name)
    for schedule in (crontab, sound):
        url = f"admin:django_celery_beat_{schedule._meta.model_name}_change"
        assert owner.get(reverse(url, args=[schedule.pk])).status_code == 200
    other = _run_at(sound, "once more")
    for url, keys in (("add", []), ("change", [other.pk])):
        page_of_all = owner.get(reverse(f"admin:django_celery_beat_periodictask_{url}", args=keys))
        assert "2037-08-02" in text(page_of_all)


def _run_at(clocked: ClockedSchedule, name: str) -> PeriodicTask:
    return PeriodicTask.objects.create(name=name, task="shop.count", clocked=clocked, one_off=True)


def test_form_tells_why_a_row_does_not_run(owner: Client, row: PeriodicTask) -> None:
    CrontabSchedule.objects.update(day_of_month="31", month_of_year="2")
    follow()
    change = reverse("admin:django_celery_beat_periodictask_change", args=[row.pk])
    for page in (change, reverse(LIST)):
        assert "is not understood" in owner.get(page).content.decode()


@pytest.mark.parametrize("text", ["[" * 5_000 + "]" * 5_000, "[NaN]", "1" * 5_000, "{"])
@pytest.mark.parametrize("field", ["args", "kwargs"])
def test_json_that_nobody_can_read_is_refused_at_its_field(
    owner: Client, row: PeriodicTask, field: str, text: str
) -> None:
    change = reverse("admin:django_celery_beat_periodictask_change", args=[row.pk])
    answer = owner.post(change, _form(row, **{field: text}))
    assert answer.status_code == 200
    assert "Unable to parse JSON" in answer.content.decode()


def test_running_by_hand_goes_through_the_ledger(owner: Client, row: PeriodicTask) -> None:
    unseen = PeriodicTask.objects.create(name="off", task="x", crontab=row.crontab, enabled=False)
    follow()
    chosen = {"action": "run_tasks", "_selected_action": [row.pk, unseen.pk]}
    page = owner.post(reverse(LIST), chosen, follow=True).content.decode()
    assert "1 run now" in page
    assert "1 did not run" in page
    assert [task.task_type for task in Task.objects.all()] == ["tasks_core.send_celery_message"]


def test_switching_off_in_the_list_is_followed(owner: Client, row: PeriodicTask) -> None:
    follow()
    assert Schedule.objects.ticking().count() == 1
    owner.post(reverse(LIST), {"action": "disable_tasks", "_selected_action": [row.pk]})
    follow()
    assert Schedule.objects.ticking().count() == 0
