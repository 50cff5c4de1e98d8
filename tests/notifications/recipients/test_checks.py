"""A wrong installation says so at start."""

from typing import Any

import pytest
from django.core.checks import run_checks
from pytest_django import Settings


def found(*, deploy: bool = False) -> list[str]:
    messages = run_checks(include_deployment_checks=deploy)
    return [str(one.id) for one in messages if str(one.id).startswith("notifications.")]


@pytest.mark.parametrize(
    ("entry", "value", "ids"),
    [
        ("PUBLIC_URL", "https://notify.bank.example", []),
        ("PUBLIC_URL", "https://bank.example/notify/", []),
        ("PUBLIC_URL", "http://notify.bank.example", ["notifications.E003"]),
        ("PUBLIC_URL", "notify.bank.example", ["notifications.E003"]),
        ("PUBLIC_URL", "https://", ["notifications.E003"]),
        ("PUBLIC_URL", "https://notify.bank.example?x=1", ["notifications.E003"]),
        ("OUTGOING_CONNECTIONS", 1, []),
        ("OUTGOING_CONNECTIONS", 0, ["notifications.E008"]),
        ("QUIET_HOURS", "22:00-08:00", []),
        ("QUIET_HOURS", "at night", ["notifications.E004"]),
        ("RECIPIENT_TIMEZONE", "Europe/Berlin", []),
        ("RECIPIENT_TIMEZONE", "Berlin", ["notifications.E005"]),
    ],
)
def test_a_setting_that_cannot_be_used_is_an_error(
    bellringer: dict[str, Any], entry: str, value: str, ids: list[str]
) -> None:
    bellringer[entry] = value
    assert found() == ids


def test_links_can_be_tried_out_where_there_is_no_tls(
    bellringer: dict[str, Any], settings: Settings
) -> None:
    bellringer["PUBLIC_URL"] = "http://127.0.0.1:8000"
    assert found() == ["notifications.E003"]
    settings.DEBUG = True
    assert found() == []


def test_a_deployment_without_a_public_address_is_warned(bellringer: dict[str, Any]) -> None:
    bellringer["PUBLIC_URL"] = ""
    assert found() == []
    assert found(deploy=True) == ["notifications.W002"]
