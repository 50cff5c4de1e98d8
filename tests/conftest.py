"""Fixtures for all tests. The servers come from scheduler_project.embedded.pytest_plugin."""

import os
from collections.abc import Iterator
from random import Random
from urllib.parse import urlsplit, urlunsplit

import pytest
import redis
from django.conf import settings
from django.db import connection
from django.test import TransactionTestCase
from pytest_django import DjangoDbBlocker

from notifications.keys import keyring
from tasks_core.broker import caller_redis
from tasks_core.database import full_looks, row_backoff
from tasks_core.worker import attempt
from tests.support.pristine_database import PristineDatabase
from tests.support.waiting import wait_until


class LongestWait(Random):
    """Draws the upper end of each range."""

    def uniform(self, a: float, b: float) -> float:
        """Return the larger one."""
        return max(a, b)


def pytest_configure() -> None:
    """Let passwords cost no time: a hash that is hard to guess takes a third of a second."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


LONG = (
    "tests/acceptance/test_codes_appear_nowhere.py",
    "tests/admin/test_every_page.py",
    "tests/admin/test_parameters.py",
    "tests/browser/",
)
"""Where tests take half a minute and more by their own work; at the end everybody would wait for them."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each of several processes begin with its share of the long tests.

    pytest-xdist gives each process a piece of the list, and those that are done take from the others. All
    must have the same list; the parameters of a test may come from a set, whose order is each process's own.
    """
    count = getattr(config, "workerinput", {}).get("workercount", 1)
    if count == 1:
        return
    places: dict[str, int] = {}
    for place, item in enumerate(items):
        places.setdefault(item.nodeid.partition("[")[0], place)
    items.sort(key=lambda item: (places[item.nodeid.partition("[")[0]], item.nodeid))
    long = [item for item in items if item.nodeid.startswith(LONG)]
    others = [item for item in items if not item.nodeid.startswith(LONG)]
    size = len(others) // count + 1
    items[:] = [
        item
        for number in range(count)
        for item in (*long[number::count], *others[number * size : (number + 1) * size])
    ]


@pytest.fixture(autouse=True)
def whole_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let retries wait for their whole delay: a short draw would let some come due within a test."""
    monkeypatch.setattr(attempt, "_rng", LongestWait())


@pytest.fixture(autouse=True)
def patient_callers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let no busy machine make a caller give Redis up, which would tell on the tests that follow."""
    monkeypatch.setattr(caller_redis, "SECONDS", 10.0)


@pytest.fixture(autouse=True)
def no_rows_put_aside() -> None:
    """Let no duty of an earlier test remember what failed, nor that it has just said so."""
    for one in row_backoff.all_of_this_process():
        one.forget()


@pytest.fixture(autouse=True)
def no_remembered_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each look at an index be one at everything: another test's database had other rows and times."""
    monkeypatch.setattr(full_looks, "CHEAP_SECONDS", 1e9)


@pytest.fixture(autouse=True)
def no_remembered_keys() -> None:
    """Another test's database had other keys."""
    keyring.forget()


@pytest.fixture(scope="session")
def django_db_setup(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[PristineDatabase]:
    """Let tests that commit go back to the migrated database in a cheaper way than Django's."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as monkeypatch:
        pristine = PristineDatabase(connection)
        for name, replacement in (
            ("_fixture_teardown", lambda _test: pristine.restore()),
            ("_should_reload_connections", lambda _test: False),
        ):
            monkeypatch.setattr(TransactionTestCase, name, replacement)
        yield pristine
        wait_until(lambda: _others_ended() == 0, what="the end of what killed processes have left")


def _others_ended() -> int:
    """End the other sessions of this database, which could not be dropped; give how many were left."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        found: int = cursor.fetchone()[0]
        return found


@pytest.fixture
def broker() -> Iterator["redis.Redis"]:
    """Give a client of the broker, from which the keys of this test worker were removed."""
    with redis.Redis.from_url(os.environ["BROKER_URL"], **settings.REDIS_OPTIONS) as client:
        keys = list(client.scan_iter(f"{settings.KEY_PREFIX}*", count=1000))
        if keys:
            client.delete(*keys)
        yield client


@pytest.fixture
def process_environment(transactional_db: None) -> dict[str, str]:
    """Return what makes another process work on this test's database and queues."""
    address = urlsplit(os.environ["DATABASE_URL"])
    database = address._replace(path=f"/{connection.settings_dict['NAME']}")
    return {
        **os.environ,
        "DATABASE_URL": urlunsplit(database),
        "BELLRINGER_KEY_PREFIX": settings.KEY_PREFIX,
    }
