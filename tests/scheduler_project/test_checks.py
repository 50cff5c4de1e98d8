"""The project's system checks."""

from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings


def ids() -> list[str | None]:
    return [message.id for message in run_checks() if "scheduler_project" in str(message.id)]


def test_settings_as_they_are_pass() -> None:
    assert ids() == []


@pytest.mark.parametrize("setting", ["REDIS_OPTIONS", "CELERY_BROKER_TRANSPORT_OPTIONS"])
@pytest.mark.parametrize("option", ["socket_timeout", "socket_keepalive", "health_check_interval"])
@pytest.mark.parametrize("value", [None, 0])
def test_redis_client_that_could_wait_for_ever_is_an_error(
    setting: str, option: str, value: Any
) -> None:
    with override_settings(**{setting: {**getattr(settings, setting), option: value}}):
        assert ids() == ["scheduler_project.E001"]


def test_misspelt_variable_is_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BELLRINGER_KEY_PREFX", "x:")
    assert ids() == ["scheduler_project.W001"]
