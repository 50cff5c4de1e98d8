"""Secrets may come from files, as container platforms mount them."""

from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from scheduler_project.configuration import load
from scheduler_project.configuration.model import SECRETS


def test_every_secret_may_come_from_a_file() -> None:
    assert {
        "SECRET_KEY",
        "ENCRYPTION_KEYS",
        "DATABASE_URL",
        "BROKER_URL",
        "EMAIL_URL",
        "SENTRY_DSN",
        "FLOWER_BASIC_AUTH",
        "HEALTH_TOKEN",
        "METRICS_TOKEN",
        "BELLRINGER_REDIS_URL",
    } == SECRETS


def test_content_of_the_file_is_the_value(production: dict[str, str], tmp_path: Path) -> None:
    secret = production.pop("SECRET_KEY")
    file = tmp_path / "key"
    file.write_text(secret + "\n")
    configuration = load({**production, "SECRET_KEY_FILE": str(file)})
    assert configuration.secret_key.get_secret_value() == secret


def test_variable_and_file_together_are_refused(production: dict[str, str], tmp_path: Path) -> None:
    with pytest.raises(ImproperlyConfigured, match="BROKER_URL and BROKER_URL_FILE are both set"):
        load({**production, "BROKER_URL_FILE": str(tmp_path)})


@pytest.mark.parametrize(("name", "reason"), [("none", "No such file"), (".", "Is a directory")])
def test_unreadable_file_is_named_with_the_reason(
    production: dict[str, str], tmp_path: Path, name: str, reason: str
) -> None:
    del production["DATABASE_URL"]
    with pytest.raises(ImproperlyConfigured, match=f"DATABASE_URL_FILE names .*{reason}"):
        load({**production, "DATABASE_URL_FILE": str(tmp_path / name)})


def test_empty_file_is_refused(production: dict[str, str], tmp_path: Path) -> None:
    del production["SECRET_KEY"]
    (tmp_path / "key").write_text("\n")
    with pytest.raises(ImproperlyConfigured, match=r"SECRET_KEY_FILE names .* is empty"):
        load({**production, "SECRET_KEY_FILE": str(tmp_path / "key")})
