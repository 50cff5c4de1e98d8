"""What Celery tells about its settings holds no password."""

import pytest
from celery import Celery

from scheduler_project.celery import app
from scheduler_project.celery_inspection import connect

PASSWORDS = {
    "CELERY_BROKER_URL": "redis://bell:broker-pass-1@broker.example:6379/0",
    "REDIS_URL": "redis://:redis-pass-2@valkey:6379/1",
    "FLOWER_BASIC_AUTH": "operator:flower-pass-3",
    "SENTRY_DSN": "https://dsn-user-4@sentry.example.com/1",
    "CELERY_RESULT_BACKEND": "db+postgresql://bell:backend-pass-5@postgres/bell",
    "CELERY_BROKER_READ_URL": ["redis://:read-pass-6@a", "redis://:read-pass-7@b"],
    "CELERY_BROKER_TRANSPORT_OPTIONS": {
        "sentinel_kwargs": {"password": "sentinel-pass-8"},
        "master_name": "bell",
    },
    "CACHES": {"default": {"LOCATION": "redis://:cache-pass-9@valkey"}},
    "CELERY_SOME_TOKEN": "token-pass-10",
}
SECRETS = (
    *("broker-pass-1", "redis-pass-2", "flower-pass-3", "dsn-user-4", "backend-pass-5"),
    *("read-pass-6", "read-pass-7", "sentinel-pass-8", "cache-pass-9", "token-pass-10"),
)


class Configuration:
    """Settings of a project, as Celery is given them."""


@pytest.fixture
def inspected() -> Celery:
    given = Configuration()
    for name, value in PASSWORDS.items():
        setattr(given, name, value)
    asked = Celery("asked", set_as_current=False)
    asked.config_from_object(given, namespace="CELERY")
    connect(asked)
    return asked


@pytest.mark.guarantee(n=4)
@pytest.mark.parametrize("with_defaults", [False, True])
def test_settings_that_are_shown_hold_no_password(inspected: Celery, with_defaults: bool) -> None:
    shown = (
        f"{inspected.conf.table(with_defaults=with_defaults)}"
        f"{inspected.conf.humanize(with_defaults=with_defaults)}{inspected.bugreport()}"
    )

    assert [secret for secret in SECRETS if secret in shown] == []
    assert "@broker.example" in shown
    assert "master_name" in shown
    assert "FLOWER" not in shown


def test_settings_themselves_are_what_they_were(inspected: Celery) -> None:
    assert inspected.conf.broker_url == PASSWORDS["CELERY_BROKER_URL"]
    assert inspected.conf.broker_transport_options["master_name"] == "bell"
    assert app.conf.task_acks_late is True
    assert "redis://:" not in str(app.conf.table())
