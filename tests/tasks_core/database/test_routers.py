"""A router that reads from a replica: the platform decides by what it has written, never by an old copy."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.apps import apps
from django.core.checks import CheckMessage
from django.db import connection, connections, router, transaction
from django.db.models import Model
from django.test.utils import override_settings
from psycopg import IsolationLevel
from pytest_django import Settings

import tasks_core
from notifications.models import Category
from scheduler_project.embedded.ports import free_port
from tasks_core import Fixed, Unique, clock
from tasks_core.checks import routing
from tasks_core.engine.states import State
from tasks_core.exceptions import DuplicateTask, UnsettledKey
from tasks_core.models import DeadLetter, Task, TaskEvent
from tests.support.life import bring_to, plain_type

pytestmark = pytest.mark.usefixtures("transactional_db")


class ReadsFromReplica:
    """Writes to the primary and reads what the replica knows, as Django's documentation has it."""

    def db_for_read(self, model: type, **hints: Any) -> str:
        return "replica"

    def db_for_write(self, model: type, **hints: Any) -> str:
        return "default"


@pytest.fixture(autouse=True)
def replica(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Have a replica that cannot be reached: whoever reads from it fails."""
    unreachable = {**connection.settings_dict, "HOST": "127.0.0.1", "PORT": str(free_port())}
    monkeypatch.setitem(connections.settings, "replica", unreachable)
    with override_settings(DATABASE_ROUTERS=[f"{__name__}.ReadsFromReplica"]):
        assert router.db_for_read(Task) == "replica"
        yield
    connections["replica"].close()
    del connections["replica"]


OURS = [
    model
    for model in apps.get_models()
    if model._meta.app_label in ("tasks_core", "notifications") and not model._meta.auto_created
]


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_rows_are_read_where_they_are_written(model: Any) -> None:
    for manager in (model.objects, model._default_manager, model._base_manager):
        assert manager.all().db == "default"
        list(manager.all()[:1])


def test_who_asks_for_the_replica_gets_it() -> None:
    assert Task.objects.using("replica").db == "replica"


def test_the_same_key_twice_in_one_transaction_gives_the_same_task() -> None:
    plain_type()
    with transaction.atomic():
        first = tasks_core.enqueue("plain", {}, idempotency_key="order-17")
        second = tasks_core.enqueue("plain", {}, idempotency_key="order-17")
        ids = tasks_core.enqueue_many("plain", [{}, {}], idempotency_keys=["order-17", "order-18"])
        with pytest.raises(DuplicateTask):
            tasks_core.enqueue(
                "plain", {}, unique=Unique(key="order-17", until="forever", on_conflict="reject")
            )
    assert first.pk == second.pk == ids[0]
    assert Task.objects.count() == 2


def test_rows_are_followed_and_renewed_where_they_are_written() -> None:
    plain_type()
    task = tasks_core.enqueue("plain", {})
    task.refresh_from_db()
    event = TaskEvent.objects.get()
    assert event.task_id == task.pk
    tasks_core.cancel(task.pk, reason="test")
    assert tasks_core.get(task.pk).state == "CANCELLED"


def test_relations_are_followed_where_the_rows_were_written() -> None:
    plain_type(retry=Fixed(max_attempts=1))
    letter = DeadLetter.objects.get(task=bring_to(State.DEAD))
    assert letter.task.dead_letter.pk == letter.pk
    category = Category.objects.create(key="news", created_at=clock.now())
    assert list(category.children.all()) == []


def test_a_key_that_cannot_be_settled_ends_in_an_error() -> None:
    """Here the database refuses the row and has no other, as with a router that is never asked."""
    plain_type()
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE FUNCTION pg_temp.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';"
            "CREATE TRIGGER refuses BEFORE INSERT ON tasks_core_task"
            " FOR EACH ROW EXECUTE FUNCTION pg_temp.refuse()"
        )
        try:
            with pytest.raises(UnsettledKey, match="taken 20 times"):
                tasks_core.enqueue("plain", {}, idempotency_key="order-17")
            with pytest.raises(UnsettledKey, match="try again"):
                tasks_core.enqueue_many("plain", [{}], idempotency_keys=["order-17"])
        finally:
            cursor.execute("DROP TRIGGER refuses ON tasks_core_task")


class KeepsTasksElsewhere:
    """Has a database for tasks alone."""

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return "tasks" if model._meta.app_label in ("tasks_core", "notifications") else None


class PartsThem(KeepsTasksElsewhere):
    """Has one for messages, too."""

    def db_for_write(self, model: type[Model], **hints: Any) -> str | None:
        return "messages" if model._meta.app_label == "notifications" else "default"


def found(check: Callable[..., list[CheckMessage]]) -> list[str]:
    return [str(message.id) for message in check(None)]


def test_callers_with_another_database_are_told() -> None:
    check = routing.callers_share_a_database
    assert found(check) == []  # a replica is no other database
    with override_settings(DATABASE_ROUTERS=[f"{__name__}.KeepsTasksElsewhere"]):
        [message] = check(None)
    assert message.id == "tasks_core.W011"
    assert "in the database 'tasks', and the rows of" in message.msg
    assert "auth" in message.msg
    assert "using='default'" in str(message.hint)


def test_rows_that_are_written_together_must_not_be_parted() -> None:
    check = routing.rows_of_the_platform_are_together
    assert found(check) == []
    with override_settings(DATABASE_ROUTERS=[f"{__name__}.KeepsTasksElsewhere"]):
        assert found(check) == []
    with override_settings(DATABASE_ROUTERS=[f"{__name__}.PartsThem"]):
        [message] = check(None)
    assert message.id == "tasks_core.E012"
    assert "notifications.Delivery (messages)" in message.msg


@pytest.mark.parametrize(
    ("level", "ids"),
    [
        (None, []),
        (IsolationLevel.READ_COMMITTED, []),
        (IsolationLevel.REPEATABLE_READ, ["tasks_core.E011"]),
        (IsolationLevel.SERIALIZABLE.value, ["tasks_core.E011"]),
    ],
)
def test_levels_that_break_claims_are_refused(
    monkeypatch: pytest.MonkeyPatch, level: object, ids: list[str]
) -> None:
    options = {**connection.settings_dict["OPTIONS"], "isolation_level": level}
    monkeypatch.setitem(connection.settings_dict, "OPTIONS", options)
    assert found(routing.transactions_are_not_isolated_too_much) == ids


def test_naive_instants_are_refused(settings: Settings) -> None:
    assert found(routing.instants_are_aware) == []
    settings.USE_TZ = False
    assert found(routing.instants_are_aware) == ["tasks_core.E010"]
