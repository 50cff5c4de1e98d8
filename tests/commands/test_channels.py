"""The commands for providers, destinations, resends and test sends."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core import mail
from django.core.management.base import CommandError
from pytest_django import Settings

from notifications.api import notify, publish_template
from notifications.message_templates.compiled import compiled_version
from notifications.models import Destination, KeptCode, Notification, Provider
from tasks_core import clock
from tasks_core.testing import run_due
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db
TOKEN = "0123456789abcdef-token"


@pytest.fixture(autouse=True)
def _templates(db: None) -> Iterator[None]:
    compiled_version.cache_clear()
    publish_template("receipt", subject="Receipt {{ n }}", text="Thank you.", sample={"n": 7})
    publish_template("code", subject="Your code", text="It is {{ code }}.")
    yield
    compiled_version.cache_clear()


def written(folder: Path, value: object) -> str:
    file = folder / "secret.json"
    file.write_text(json.dumps(value))
    return f"@{file}"


def test_a_provider_is_registered_from_a_file_and_listed_without_its_secret(
    run: Run, tmp_path: Path
) -> None:
    credentials = written(tmp_path, {"account_sid": "AC1", "auth_token": TOKEN})
    answer = run(
        "register_provider", "sms-main", "--channel", "sms", "--kind", "twilio",
        "--credentials", credentials, "--options", '{"sender": "Bank"}', "--position", "2",
    )  # fmt: skip
    listed = run("list_providers", "--channel", "sms", "--format", "json")
    assert TOKEN not in answer.out + answer.err + listed.out
    shown = json.loads(listed.out)
    assert (shown["name"], shown["kind"], shown["position"]) == ("sms-main", "twilio", 2)
    assert run("list_providers", "--channel", "slack", "--format", "json").out == ""


def test_a_push_key_is_made_and_its_public_half_shown(run: Run) -> None:
    answer = run(
        "register_provider", "push", "--channel", "webpush", "--kind", "vapid",
        "--options", '{"contact": "mailto:ops@bank.example"}', "--format", "json",
    )  # fmt: skip
    assert json.loads(answer.out)["public"].startswith("public_key: B")


def test_providers_are_listed_when_no_key_opens_their_credentials(
    run: Run, tmp_path: Path, settings: Settings
) -> None:
    """A key was dropped too early: whoever is to mend that needs the list."""
    options = '{"contact": "mailto:ops@bank.example"}'
    run(
        "register_provider", "push", "--channel", "webpush", "--kind", "vapid", "--options", options
    )
    other = Fernet.generate_key().decode()
    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": [other]}
    listed = json.loads(run("list_providers", "--format", "json").out)
    assert listed["name"] == "push"
    assert "none of the ENCRYPTION_KEYS opens" in listed["public"]
    run("disable_provider", "push")
    assert not Provider.objects.get().enabled


def test_credentials_on_the_command_line_are_refused(run: Run) -> None:
    with pytest.raises(CommandError, match="secrets do not belong") as refusal:
        run(
            "register_provider", "s", "--channel", "slack", "--kind", "slack",
            "--credentials", f'{{"token": "{TOKEN}"}}',
        )  # fmt: skip
    assert TOKEN not in str(refusal.value)


def test_a_wrong_provider_is_one_line(run: Run, tmp_path: Path) -> None:
    with pytest.raises(CommandError, match=r"kind: is not known for channel sms; use twilio"):
        run(
            "register_provider", "s", "--channel", "sms", "--kind", "pigeon",
            "--credentials", written(tmp_path, {}),
        )  # fmt: skip
    assert not Provider.objects.exists()


def test_providers_are_switched(run: Run) -> None:
    options = '{"contact": "mailto:ops@bank.example"}'
    run(
        "register_provider", "push", "--channel", "webpush", "--kind", "vapid", "--options", options
    )
    assert run("disable_provider", "push").out.strip() == "push: disabled"
    assert run("disable_provider", "push").out.strip() == "push: was disabled already"
    assert not Provider.objects.get().enabled
    assert run("enable_provider", "push").out.strip() == "push: enabled"
    with pytest.raises(CommandError, match="no provider is called 'other'"):
        run("enable_provider", "other")


def test_destinations_are_registered_listed_and_switched(run: Run, tmp_path: Path) -> None:
    address = written(tmp_path, {"url": "https://hooks.slack.example/services/SECRET"})
    run("register_destination", "ops-room", "--channel", "slack", "--address", address)
    listed = run("list_destinations", "--format", "json").out
    assert json.loads(listed)["hint"] == "hooks.slack.example"
    assert "SECRET" not in listed
    named = ("ops-room", "--channel", "slack")
    assert (
        run("disable_destination", *named, "--reason", "moved", "--author", "ann").out.strip()
        == "ops-room: disabled"
    )
    assert Destination.objects.get().disabled_reason == "moved (ann, by command)"
    assert run("enable_destination", *named).out.strip() == "ops-room: enabled"
    with pytest.raises(CommandError, match="channel teams has no destination 'ops-room'"):
        run("enable_destination", "ops-room", "--channel", "teams")


def test_a_code_is_sent_again(run: Run) -> None:
    first = notify(
        "code",
        to="ada@example.com",
        secret_context={"code": "314159"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
        resends=1,
    )
    run_due()
    with pytest.raises(CommandError, match="it was sent just now"):
        run("resend_code", str(first.pk))
    KeptCode.objects.update(last_sent_at=clock.now() - timedelta(minutes=1))
    answer = run("resend_code", str(first.pk), "--format", "json")
    assert "314159" not in answer.out
    run_due()
    assert [message.body for message in mail.outbox] == ["It is 314159."] * 2


def test_a_template_is_tried_out(run: Run) -> None:
    shown = json.loads(
        run(
            "send_notification", "receipt", "--to", "me@example.com", "--test", "--format", "json"
        ).out
    )
    assert shown["is_test"]
    run_due()
    assert mail.outbox[0].subject == "Receipt 7"
    assert Notification.objects.get().category == "test"


def test_a_template_without_a_sample_says_what_is_missing(run: Run) -> None:
    with pytest.raises(CommandError, match=r"context\.code: is required by the template"):
        run("send_notification", "code", "--to", "me@example.com", "--test")
