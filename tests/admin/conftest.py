"""People who use the admin, and rows for them to look at."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import Permission, User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tasks_core.worker import process
from tests.admin import task_types  # registers them

__all__ = ["task_types"]

APPS = ("tasks_core", "notifications")


@pytest.fixture(autouse=True)
def _worker_process_ends(request: pytest.FixtureRequest) -> Iterator[None]:
    """Stop what run_due started while the test's transaction, which it wrote to, is still open."""
    if "db" in request.fixturenames:
        request.getfixturevalue("db")
    yield
    process.drain()


@pytest.fixture
def operator(db: None) -> Client:
    """Whoever may see and change everything of the platform."""
    return _client("operator", Permission.objects.filter(content_type__app_label__in=APPS))


@pytest.fixture
def viewer(db: None) -> Client:
    """Whoever may look at everything of the platform and change nothing."""
    seen = Permission.objects.filter(content_type__app_label__in=APPS, codename__startswith="view_")
    return _client("viewer", seen)


@pytest.fixture
def newcomer(db: None) -> Client:
    """Staff without any permission."""
    return _client("newcomer", Permission.objects.none())


def _client(name: str, permissions: object) -> Client:
    user = User.objects.create(username=name, password="!", is_staff=True)
    user.user_permissions.set(permissions)  # type: ignore[arg-type]
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def queries() -> Callable[[], CaptureQueriesContext]:
    """Return a context that records the statements of its block."""
    return lambda: CaptureQueriesContext(connection)
