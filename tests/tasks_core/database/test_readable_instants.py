"""No row holds an instant that Python cannot read, whoever writes it."""

from datetime import UTC, datetime

import pytest
from django.apps import apps
from django.db import IntegrityError, connection, models, transaction

import tasks_core
from tasks_core.models import Task
from tests.support.life import plain_type

OURS = ("tasks_core", "notifications")

FROM_OUTSIDE = {
    "tasks_core.Task": {"run_after", "expires_at", "scheduled_for"},
    "tasks_core.Schedule": {"anchor", "start_at", "end_at", "resume_at"},
    "tasks_core.Backfill": {"start", "end"},
    "notifications.Notification": {"run_after", "expires_at"},
    "notifications.Broadcast": {"run_after", "expires_at"},
    "notifications.Suppression": {"expires_at"},
    "notifications.ProviderEvent": {"occurred_at"},
    "notifications.TriggerEvent": {"scheduled_time"},
    "notifications.KeptCode": {"expires_at"},
}
"""Columns that say what a caller has said. All others are read from the platform's clock, or reckoned."""

RECKONED = {"tasks_core.Leadership": {"expires_at"}}

NAMES_OF_OTHERS = ("expires_at", "run_after", "start_at", "end_at", "scheduled_time", "occurred_at")


def columns(model: type[models.Model]) -> set[str]:
    return {
        one.name for one in model._meta.concrete_fields if isinstance(one, models.DateTimeField)
    }


def test_each_column_that_is_named_as_those_from_outside_is_held_to_it() -> None:
    found = {
        model._meta.label: columns(model) & set(NAMES_OF_OTHERS)
        for app in OURS
        for model in apps.get_app_config(app).get_models()
    }
    for label, names in found.items():
        assert names - RECKONED.get(label, set()) <= FROM_OUTSIDE.get(label, set()), label


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("label", "column"), [(label, one) for label, names in FROM_OUTSIDE.items() for one in names]
)
def test_the_table_refuses_what_cannot_be_read(label: str, column: str) -> None:
    table = apps.get_model(label)._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s",
            [f"{table}_instants"],
        )
        [(quoted,)] = cursor.fetchall()
    condition = quoted.replace('"', "")
    assert f"{column} >= '1900-01-01" in condition
    assert f"{column} < '3000-01-01" in condition


@pytest.mark.django_db
@pytest.mark.parametrize(
    "written", ["-infinity", "infinity", "0044-03-15 12:00+00 BC", "10001-01-01 0:00+0"]
)
def test_whoever_writes_past_the_doors_is_refused_and_the_neighbours_can_be_read(
    written: str,
) -> None:
    plain_type()
    task = tasks_core.enqueue("plain", {}, run_after=datetime(2026, 7, 1, tzinfo=UTC))
    with (
        pytest.raises(IntegrityError, match="tasks_core_task_instants"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(
            "UPDATE tasks_core_task SET run_after = %s WHERE id = %s", [written, task.pk]
        )
    assert Task.objects.get().run_after == datetime(2026, 7, 1, tzinfo=UTC)
