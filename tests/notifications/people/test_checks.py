"""A wrong installation says so at start."""

from typing import Any, get_type_hints

import pytest
from django.core.checks import run_checks
from pytest_django import Settings

from notifications import conf
from notifications.checks import numbers as notification_numbers
from scheduler_project.mail import mail_settings
from tasks_core.checks import installation as platform_checks
from tasks_core.conf import TaskSettings


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
        ("PUBLIC_URL", "https://b\u00fccher.example", ["notifications.E003"]),
        ("PUBLIC_URL", "https://xn--bcher-kva.example", []),
        ("PUBLIC_URL", "https://user:pw@bank.example", ["notifications.E003"]),
        ("PUBLIC_URL", "https://bank.example:port", ["notifications.E003"]),
        ("PUBLIC_URL", "https://bank.example/a b", ["notifications.E003"]),
        ("OUTGOING_TOTAL_TIMEOUT", 0, ["notifications.E008"]),
        ("OUTGOING_TOTAL_TIMEOUT", "20", ["notifications.E008"]),
        ("EMAIL_TIMEOUT", float("nan"), ["notifications.E008"]),
        ("EMAIL_TIMEOUT", float("inf"), ["notifications.E008"]),
        ("LOOP_LIMIT", 10.5, ["notifications.E008"]),
        ("LOOP_LIMIT", True, ["notifications.E008"]),
        ("OUTGOING_PORTS", (443, 0), []),
        ("OUTGOING_PORTS", (443, 65_536), ["notifications.E012"]),
        ("OUTGOING_PORTS", ("443",), ["notifications.E012"]),
        ("OUTGOING_CONNECTIONS", 1, []),
        ("OUTGOING_CONNECTIONS", 0, ["notifications.E008"]),
        ("OUTGOING_ALLOWED_NETWORKS", ["10.20.0.0/16:8443", "[fd00::/8]:443"], []),
        ("OUTGOING_ALLOWED_NETWORKS", ["10.20.0.0/16:0"], ["notifications.E012"]),
        ("OUTGOING_DENIED_NETWORKS", ["2a01:4f8:1::/48"], []),
        ("OUTGOING_DENIED_NETWORKS", ["2a01:4f8:1::1/48"], ["notifications.E012"]),
        ("OUTGOING_NAME_SERVERS", ["10.0.0.53", "10.0.0.53:5353", "fd00::53", "[fd00::53]:53"], []),
        ("OUTGOING_NAME_SERVERS", ["dns.internal"], ["notifications.E012"]),
        ("OUTGOING_NAME_SERVERS", ["10.0.0.0/24"], ["notifications.E012"]),
        ("APPRISE_PROXY", "http://proxy.internal:4750", []),
        ("APPRISE_PROXY", "proxy.internal:4750", ["notifications.E012"]),
        ("QUIET_HOURS", "22:00-08:00", []),
        ("QUIET_HOURS", "at night", ["notifications.E004"]),
        ("RECIPIENT_TIMEZONE", "Europe/Berlin", []),
        ("RECIPIENT_TIMEZONE", "Berlin", ["notifications.E005"]),
    ],
)
def test_a_setting_that_cannot_be_used_is_an_error(
    bellringer: dict[str, Any], entry: str, value: object, ids: list[str]
) -> None:
    bellringer[entry] = value
    assert found() == ids


def test_every_number_of_the_settings_has_bounds() -> None:
    kinds = get_type_hints(conf.NotificationSettings)
    numbers = {name.upper() for name, kind in kinds.items() if kind in (int, float)}
    assert set(notification_numbers.NUMBERS) == numbers
    kinds = get_type_hints(TaskSettings)
    of_platform = {name.upper() for name, kind in kinds.items() if kind in (int, float)}
    assert set(platform_checks.NUMBERS) == of_platform


def test_the_address_of_an_international_name_is_offered_as_it_is_reached(
    bellringer: dict[str, Any],
) -> None:
    bellringer["PUBLIC_URL"] = "https://b\u00fccher.example/notify"
    [error] = [one for one in run_checks() if one.id == "notifications.E003"]
    assert "https://xn--bcher-kva.example" in str(error.hint)


@pytest.mark.parametrize(
    ("sender", "ids"),
    [
        ("news@example.com", []),
        ('"Bank, Inc." <news@example.com>', []),
        ("B\u00fccher <news@b\u00fccher.example>", []),
        ("webmaster@localhost", []),
        ("Bank, Inc. <news@example.com>", ["notifications.E013"]),
        ("[Bank] <news@example.com>", ["notifications.E013"]),
        ("news@example.com\r", ["notifications.E013"]),
        ("Bank <news@example.com> #prod", ["notifications.E013"]),
        ("news@example.com, b@example.com", ["notifications.E013"]),
        ("Bank", ["notifications.E013"]),
        ("news@b\u00fccher..example", ["notifications.E013"]),
        ("news@\u2488com", ["notifications.E013"]),
        ("", ["notifications.E013"]),
    ],
)
def test_a_sender_that_the_mailer_does_not_read_is_an_error(
    settings: Settings, sender: str, ids: list[str]
) -> None:
    settings.DEFAULT_FROM_EMAIL = sender
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


def password_in_the_clear(settings: Settings, url: str) -> bool:
    for name, value in mail_settings(url).items():
        setattr(settings, name, value)
    return "notifications.W012" in found()


@pytest.mark.parametrize(
    "url",
    ["smtp://user:pw@mail.example.com", "smtp://user:pw@10.0.0.25:2525", "smtp://u:p@[fd00::1]"],
)
def test_a_password_that_goes_to_another_machine_without_tls_is_warned_of(
    settings: Settings, url: str
) -> None:
    assert password_in_the_clear(settings, url)


@pytest.mark.parametrize(
    "url",
    [
        "smtp+starttls://user:pw@mail.example.com",
        "smtps://user:pw@mail.example.com",
        "smtp://mail.example.com",
        "smtp://user:pw@localhost",
        "smtp://user:pw@127.0.0.1:2525",
        "smtp://user:pw@[::1]",
        "console:",
    ],
)
def test_a_password_that_nobody_can_overhear_is_not(settings: Settings, url: str) -> None:
    assert not password_in_the_clear(settings, url)
