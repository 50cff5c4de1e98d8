"""The project's system checks."""

import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.test import override_settings

from scheduler_project.data_folder import CHECKOUT
from tests.production_check import production_environment


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


@pytest.mark.parametrize(
    "root",
    [
        "/opt/shop/lib/python3.12/site-packages/staticfiles",
        Path("/usr/lib/python3/dist-packages/staticfiles"),
    ],
)
def test_static_files_among_installed_packages_are_an_error(root: Any) -> None:
    with override_settings(STATIC_ROOT=root):
        assert ids() == ["scheduler_project.E002"]


def test_an_installed_package_needs_a_place_for_static_files(tmp_path: Path) -> None:
    packages = tmp_path / "site-packages"
    packages.mkdir()
    for name in ("scheduler_project", "tasks_core", "notifications"):
        shutil.copytree(
            CHECKOUT / name, packages / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    environment = {
        **production_environment(),
        "PYTHONPATH": str(packages),
        "DJANGO_SETTINGS_MODULE": "scheduler_project.settings",
    }
    command = [sys.executable, "-m", "django", "collectstatic", "--noinput"]
    run = partial(
        subprocess.run, command, cwd=tmp_path, check=False, capture_output=True, text=True
    )
    refused = run(env=environment)
    assert refused.returncode != 0
    assert "scheduler_project.E002" in refused.stderr
    assert not (packages / "staticfiles").exists()
    own = tmp_path / "static"
    collected = run(env={**environment, "STATIC_ROOT": str(own)})
    assert collected.returncode == 0, collected.stderr
    assert own.exists()
