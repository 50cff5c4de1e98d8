"""What a list's own actions ask for: whoever may only look is offered none and is refused each."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.db.models import Model
from django.test import Client, RequestFactory
from django.urls import reverse
from django_celery_beat.models import CrontabSchedule, PeriodicTask

from tasks_core.models import Task
from tasks_core.schedules.periodic_tasks.mirroring import follow

pytestmark = pytest.mark.django_db
LIST = "admin:django_celery_beat_periodictask_changelist"
REGISTERED = list(admin.site._registry.items())
ACTIONS = ("run_tasks", "enable_tasks", "disable_tasks", "toggle_tasks")


def _user(name: str, *codenames: str) -> User:
    user = User.objects.create(username=name, password="!", is_staff=True)
    wanted = Permission.objects.all()
    user.user_permissions.set(
        wanted.filter(codename__in=codenames)
        if codenames
        else wanted.filter(codename__startswith="view_")
    )
    return user


def _client(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def rows() -> list[PeriodicTask]:
    crontab = CrontabSchedule.objects.create(minute="0", hour="9")
    return [
        PeriodicTask.objects.create(name=name, task="shop.count", crontab=crontab, enabled=on)
        for name, on in (("on", True), ("off", False))
    ]


@pytest.mark.parametrize(("model", "site_admin"), REGISTERED, ids=str)
def test_whoever_may_only_look_is_offered_no_action(
    model: type[Model], site_admin: "admin.ModelAdmin[Any]"
) -> None:
    request = RequestFactory().get("/")
    request.user = _user("viewer")
    assert site_admin.has_view_permission(request)
    assert site_admin.get_actions(request) == {}


@pytest.mark.parametrize("action", ACTIONS)
def test_whoever_may_only_look_does_nothing_to_periodic_tasks(
    rows: list[PeriodicTask], action: str
) -> None:
    follow()
    chosen = {"action": action, "_selected_action": [row.pk for row in rows]}
    _client(_user("viewer")).post(reverse(LIST), chosen)
    assert [row.enabled for row in PeriodicTask.objects.order_by("pk")] == [True, False]
    assert not Task.objects.exists()
    assert not LogEntry.objects.exists()


@pytest.mark.parametrize(
    ("action", "deeds"),
    [
        ("run_tasks", {"on": "Run by hand."}),
        ("enable_tasks", {"on": "Enabled.", "off": "Enabled."}),
        ("disable_tasks", {"on": "Disabled.", "off": "Disabled."}),
        ("toggle_tasks", {"on": "Disabled.", "off": "Enabled."}),
    ],
)
def test_history_of_a_periodic_task_tells_who_did_what(
    rows: list[PeriodicTask], action: str, deeds: dict[str, str]
) -> None:
    follow()
    client = _client(_user("keeper", "view_periodictask", "change_periodictask"))
    client.post(reverse(LIST), {"action": action, "_selected_action": [row.pk for row in rows]})
    assert dict(LogEntry.objects.values_list("object_repr", "change_message")) == deeds
    assert set(LogEntry.objects.values_list("user__username", flat=True)) == {"keeper"}
    seen = client.get(reverse("admin:django_celery_beat_periodictask_history", args=[rows[0].pk]))
    assert deeds["on"] in seen.content.decode()


def test_what_was_done_is_on_record_though_the_list_shows_the_rows_no_more(
    rows: list[PeriodicTask],
) -> None:
    client = _client(_user("keeper", "view_periodictask", "change_periodictask"))
    chosen = {"action": "disable_tasks", "_selected_action": [rows[0].pk]}
    client.post(f"{reverse(LIST)}?enabled__exact=1", chosen)
    assert [entry.object_repr for entry in LogEntry.objects.all()] == ["on"]


def test_row_that_cannot_be_read_is_switched_off_too(rows: list[PeriodicTask]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("UPDATE django_celery_beat_crontabschedule SET timezone = 'Mars/Olympus'")
    client = _client(_user("keeper", "view_periodictask", "change_periodictask"))
    chosen = {"action": "disable_tasks", "_selected_action": [rows[0].pk]}
    assert client.post(reverse(LIST), chosen).status_code == 302
    assert not PeriodicTask.objects.filter(enabled=True).exists()
    assert LogEntry.objects.count() == 1
