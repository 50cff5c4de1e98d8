"""What one test commits, the next does not see, nor what it did to its session."""

import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta

import psycopg
import pytest
from django.contrib.auth.models import Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import OperationalError, connection, transaction

from notifications.models import Category
from tasks_core import clock
from tasks_core.models import TaskEvent
from tests.support.pristine_database import LARGE_BYTES, PristineDatabase
from tests.support.sessions import waits_for_a_lock
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def pristine(transactional_db: None) -> PristineDatabase:
    return PristineDatabase(connection)


def _ask(sql: str) -> list[tuple[object, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql)
        return list(cursor.fetchall())


def _add_users(count: int) -> None:
    User.objects.bulk_create(User(username=f"user-{number}") for number in range(count))


def _files() -> list[tuple[object, ...]]:
    return _ask("SELECT relname, relfilenode FROM pg_class WHERE relkind = 'r' ORDER BY oid")


def test_rows_are_removed_and_the_tables_keep_their_files(pristine: PristineDatabase) -> None:
    _add_users(3)
    User.objects.get(username="user-1").user_permissions.set(Permission.objects.all()[:5])
    before = _files()
    pristine.restore()

    assert not User.objects.exists()
    assert not User.user_permissions.through.objects.exists()
    assert _files() == before


def test_a_large_table_is_as_small_as_before(pristine: PristineDatabase) -> None:
    _add_users(2_000)
    [[size]] = _ask("SELECT pg_relation_size('auth_user')")
    assert isinstance(size, int)
    assert size > LARGE_BYTES
    pristine.restore()

    assert _ask("SELECT pg_relation_size('auth_user')") == [(0,)]


def test_every_partition_is_emptied(pristine: PristineDatabase) -> None:
    for days in (-4_000, 0):
        at = clock.now() + timedelta(days=days)
        TaskEvent.objects.create(kind="created", at=at, task_id=1, task_type="plain")
    assert len(_ask("SELECT DISTINCT tableoid FROM tasks_core_taskevent")) == 2
    pristine.restore()

    assert not TaskEvent.objects.exists()


def test_rows_that_migrations_made_are_there_again_under_their_ids(
    pristine: PristineDatabase,
) -> None:
    before = list(ContentType.objects.order_by("pk").values())
    permissions = list(Permission.objects.order_by("pk").values())
    ContentType.objects.filter(app_label="tasks_core").delete()
    ContentType.objects.create(app_label="another", model="one")
    Category.objects.update(name="Another name")
    pristine.restore()

    assert list(ContentType.objects.order_by("pk").values()) == before
    assert list(Permission.objects.order_by("pk").values()) == permissions
    assert list(Category.objects.values_list("key", "name")) == [("otp", "One-time codes")]


def test_ids_that_migrations_have_taken_are_not_given_again(pristine: PristineDatabase) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER SEQUENCE notifications_category_id_seq RESTART")
    pristine.restore()

    Category.objects.create(key="news", created_at=clock.now())


def test_what_others_are_about_to_commit_is_waited_for(pristine: PristineDatabase) -> None:
    options = {**connection.get_connection_params(), "cursor_factory": psycopg.Cursor}
    with psycopg.connect(**options) as other:
        other.execute("INSERT INTO django_session VALUES ('late', '', now())")
        thread = threading.Thread(target=_restore_elsewhere, args=[pristine])
        thread.start()
        wait_until(waits_for_a_lock)
    thread.join()

    assert _ask("SELECT count(*) FROM django_session") == [(0,)]


def _restore_elsewhere(pristine: PristineDatabase) -> None:
    try:
        pristine.restore()
    finally:
        connection.close()


def test_the_session_is_as_a_new_one(pristine: PristineDatabase) -> None:
    settings = "SELECT name, setting FROM pg_settings WHERE name <> 'application_name' ORDER BY 1"
    connection.close()
    new = _ask(settings)
    _ask("SELECT pg_advisory_lock(1)")
    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 1234")
        cursor.execute("SET TIME ZONE 'Asia/Tokyo'")
        cursor.execute("CREATE TEMPORARY TABLE scratch (id int)")
    pristine.restore()

    assert _ask(settings) == new
    assert _ask("SELECT to_regclass('scratch')") == [(None,)]
    assert not _ask("SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()")


def _begin_and_not_end() -> None:
    connection.set_autocommit(False)


def _be_interrupted_in_a_block() -> None:
    transaction.atomic().__enter__()  # the timeout of a test can hit its end


def _lose_the_connection() -> None:
    with suppress(OperationalError):
        _ask("SELECT pg_terminate_backend(pg_backend_pid())")


@pytest.mark.parametrize(
    "end", [_begin_and_not_end, _be_interrupted_in_a_block, _lose_the_connection]
)
def test_whatever_state_a_test_leaves_its_session_in(
    end: Callable[[], None], pristine: PristineDatabase
) -> None:
    User.objects.create(username="committed")
    end()
    with suppress(OperationalError):
        User.objects.create(username="not committed")
    pristine.restore()

    assert connection.get_autocommit()
    assert not connection.in_atomic_block
    assert not User.objects.exists()
