"""`/ready`: what makes a web process unready, and who is told what."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.test import Client
from pytest_django import Settings

from scheduler_project.embedded.ports import free_port
from tasks_core import clock
from tasks_core.health import PROBES
from tasks_core.models import Worker

pytestmark = pytest.mark.django_db(transaction=True)

TOKEN = "a-token-that-nobody-guesses"
BEARER = {"Authorization": f"Bearer {TOKEN}"}


@pytest.fixture
def token(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "HEALTH_TOKEN": TOKEN}


def statuses(body: dict[str, Any]) -> dict[str, str]:
    return {name: component["status"] for name, component in body["components"].items()}


@pytest.mark.usefixtures("all_alive")
def test_a_platform_in_order_is_healthy_in_all_components(client: Client) -> None:
    answer = client.get("/ready", headers={"Host": "10.1.2.3:8000"})
    assert answer.status_code == 200
    body = answer.json()
    assert body["status"] == "healthy"
    assert statuses(body) == dict.fromkeys(PROBES, "healthy")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.usefixtures("all_alive")
@pytest.mark.parametrize("sent", [{}, {"Authorization": "Basic abc"}])
def test_strangers_see_statuses_and_nothing_else(client: Client, sent: dict[str, str]) -> None:
    text = client.get("/ready", headers=sent).content.decode()
    assert set(json.loads(text)) == {"status", "components"}
    assert {tuple(each) for each in json.loads(text)["components"].values()} == {("status",)}
    assert "host.internal" not in text


@pytest.mark.usefixtures("all_alive", "token")
def test_the_token_shows_what_was_found(client: Client) -> None:
    body = client.get("/ready", headers=BEARER).json()
    assert body["version"]
    assert "worker@host.internal" in body["components"]["workers"]["message"]
    assert body["components"]["database"]["findings"][0]["level"] == "healthy"


@pytest.mark.usefixtures("all_alive", "token")
def test_a_wrong_token_is_refused_and_not_repeated(client: Client) -> None:
    answer = client.get("/ready", headers={"Authorization": "Bearer wrong-one"})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert b"HEALTH_TOKEN" in answer.content
    assert b"wrong-one" not in answer.content


@pytest.mark.usefixtures("all_alive")
@pytest.mark.parametrize("sent", ["Bearer", "Bearer ", f"Bearer {TOKEN}"])
def test_without_a_token_set_none_is_right(client: Client, sent: str) -> None:
    assert client.get("/ready", headers={"Authorization": sent}).status_code == 401


@pytest.mark.usefixtures("all_alive")
def test_staff_that_may_see_workers_see_what_was_found(client: Client) -> None:
    may_see = Permission.objects.get(codename="view_worker", content_type__app_label="tasks_core")
    people = {
        "allowed": User.objects.create_user("allowed", is_staff=True),
        "other-staff": User.objects.create_user("other-staff", is_staff=True),
        "customer": User.objects.create_user("customer"),
        "gone": User.objects.create_user("gone", is_staff=True, is_active=False),
    }
    for name in ("allowed", "customer", "gone"):
        people[name].user_permissions.add(may_see)
    seen = {}
    for name, user in people.items():
        client.force_login(user)
        seen[name] = "version" in client.get("/ready").json()
    assert seen == {"allowed": True, "other-staff": False, "customer": False, "gone": False}


@pytest.mark.usefixtures("transactional_db", "broker")
def test_without_beat_and_worker_a_web_process_still_serves(client: Client) -> None:
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    found = statuses(answer.json())
    assert (found["beat"], found["workers"], found["database"]) == (
        "unhealthy",
        "unhealthy",
        "healthy",
    )


@pytest.mark.usefixtures("transactional_db", "broker")
def test_a_monitor_may_ask_for_the_whole_platform(client: Client) -> None:
    answer = client.get("/ready?strict")
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")


def test_a_worker_that_silently_takes_no_messages_is_seen(
    client: Client, all_alive: Worker
) -> None:
    Worker.objects.filter(pk=all_alive.pk).update(stuck_since=clock.now() - timedelta(minutes=2))
    answer = client.get("/ready?strict")
    assert answer.status_code == 503
    assert statuses(answer.json())["workers"] == "unhealthy"


@pytest.mark.usefixtures("all_alive")
def test_a_broker_that_is_down_makes_no_web_process_unready(
    client: Client, settings: Settings
) -> None:
    settings.CELERY_BROKER_URL = settings.REDIS_URL = f"redis://127.0.0.1:{free_port()}/0"
    answer = client.get("/ready")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    found = statuses(answer.json())
    assert (found["broker"], found["lanes"], found["workers"]) == (
        "unhealthy",
        "degraded",
        "healthy",
    )


@pytest.fixture
def unapplied(transactional_db: None) -> Iterator[str]:
    """Let the newest migration be missing; return its name."""
    newest = MigrationLoader(connection).graph.leaf_nodes("tasks_core")[0][1]
    change = "UPDATE django_migrations SET name = %s WHERE app = 'tasks_core' AND name = %s"
    with connection.cursor() as cursor:
        cursor.execute(change, ["hidden", newest])
        yield newest
        cursor.execute(change, [newest, "hidden"])


@pytest.mark.usefixtures("all_alive", "token")
def test_a_migration_that_is_not_applied_makes_it_unready(client: Client, unapplied: str) -> None:
    answer = client.get("/ready", headers=BEARER)
    assert (answer.status_code, answer.json()["status"]) == (503, "unhealthy")
    migrations = answer.json()["components"]["migrations"]
    assert f"tasks_core.{unapplied}" in migrations["message"]
    assert statuses(answer.json())["database"] == "healthy"


@pytest.mark.usefixtures("token")
def test_the_command_finds_the_same(
    client: Client, all_alive: Worker, capsys: pytest.CaptureFixture[str]
) -> None:
    Worker.objects.filter(pk=all_alive.pk).update(queues=[])
    with pytest.raises(SystemExit) as end:
        call_command("check_platform", "--json")
    told = json.loads(capsys.readouterr().out)
    page = client.get("/ready?strict", headers=BEARER).json()
    assert end.value.code == 1
    assert told["status"] == page["status"] == "unhealthy"
    assert told["version"] == page["version"]
    assert statuses(told) == statuses(page)
    assert told["components"]["workers"] == page["components"]["workers"]


@pytest.mark.usefixtures("all_alive")
def test_a_user_is_not_looked_up_when_nobody_is_logged_in(
    client: Client, django_assert_num_queries: Callable[[int], Any]
) -> None:
    with django_assert_num_queries(0):  # of this thread: the examination has its own
        client.get("/ready")
