"""`send_notification`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core import mail
from django.core.management.base import CommandError
from django.db import connection

from notifications.api import publish_template
from notifications.message_templates.compiled import compiled_version
from notifications.models import Notification
from tasks_core.testing import run_due
from tests.commands.conftest import Run

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _templates(db: None) -> Iterator[None]:
    compiled_version.cache_clear()
    publish_template("receipt", subject="Receipt {{ number }}", text="Thank you, {{ name }}.")
    publish_template("code", subject="Your code", text="It is {{ code }}.")
    yield
    compiled_version.cache_clear()


def test_the_message_arrives(run: Run) -> None:
    context = '{"number": 7, "name": "Ada"}'
    run("send_notification", "receipt", "--to", "ada@example.com", "--context", context)
    run_due()
    [message] = mail.outbox
    assert (message.to, message.subject) == (["ada@example.com"], "Receipt 7")


def test_what_was_asked_for_is_stored_and_shown(run: Run) -> None:
    words = (
        "send_notification", "receipt", "--to", "ada@example.com",
        "--context", '{"number": 7, "name": "Ada"}', "--run-after", "2036-01-01T00:00Z",
        "--expires-at", "2036-01-02T00:00Z", "--category", "billing", "--critical",
        "--idempotency-key", "k", "--supersede-key", "s", "--correlation-id", "c",
    )  # fmt: skip
    shown = json.loads(run(*words, "--format", "json").out)
    notification = Notification.objects.get(pk=shown["id"])
    assert notification.run_after == datetime(2036, 1, 1, tzinfo=UTC)
    assert notification.expires_at == datetime(2036, 1, 2, tzinfo=UTC)
    assert (notification.category, notification.critical) == ("billing", True)
    assert (notification.idempotency_key, notification.supersede_key) == ("k", "s")
    assert shown["template"] == "receipt"
    assert json.loads(run(*words, "--format", "json").out)["id"] == shown["id"]


def test_a_code_comes_from_a_file_and_is_stored_encrypted_only(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "code.json"
    file.write_text('{"code": "314159"}')
    answer = run(
        "send_notification", "code", "--to", "ada@example.com", "--category", "otp",
        "--secret-context", f"@{file}", "--expires-at", "2036-01-01T00:00Z",
    )  # fmt: skip
    assert "314159" not in answer.out + answer.err
    with connection.cursor() as cursor:
        cursor.execute("SELECT notification::text FROM notifications_notification notification")
        [[row]] = cursor.fetchall()
    assert "314159" not in row
    run_due()
    assert mail.outbox[0].body.strip() == "It is 314159."


def test_a_code_on_the_command_line_is_refused_and_not_repeated(run: Run) -> None:
    with pytest.raises(CommandError, match="--secret-context: secrets do not belong") as refusal:
        run(
            "send_notification", "code", "--to", "ada@example.com",
            "--secret-context", '{"code": "314159"}',
        )  # fmt: skip
    assert "314159" not in str(refusal.value)
    assert not Notification.objects.exists()


def test_a_key_that_was_used_for_other_content_is_refused(run: Run) -> None:
    words = ("send_notification", "receipt", "--to", "a@example.com", "--idempotency-key", "k")
    run(*words, "--context", '{"number": 7, "name": "Ada"}')
    with pytest.raises(CommandError, match="idempotency"):
        run(*words, "--context", '{"number": 8, "name": "Ada"}')
    assert Notification.objects.count() == 1


def test_a_ladder_is_stored_and_shown(run: Run) -> None:
    publish_template("receipt", channel="sms", text="Thank you, {{ name }}.")
    step = '{"channel": "sms", "to": "+4915112345678", "after": "5m", "until": "delivered"}'
    words = ("--context", '{"number": 7, "name": "Ada"}', "--fallback", step)
    shown = run(
        "send_notification", "receipt", "--to", "ada@example.com", *words, "--format", "json"
    )
    assert json.loads(shown.out)["fallback"] == [
        {
            "channel": "sms",
            "address": "+4915112345678",
            "after": 300.0,
            "until": "delivered",
            "state": "waiting",
            "reason": "",
        }
    ]


@pytest.mark.parametrize(
    "step", ["{", '{"to": "x"}', '{"channel": "sms", "when": 5}', '{"to": ' + "[" * 50_000]
)
def test_a_ladder_that_cannot_be_read_is_refused(run: Run, step: str) -> None:
    with pytest.raises(CommandError, match="--fallback"):
        run("send_notification", "receipt", "--to", "ada@example.com", "--fallback", step)
    assert not Notification.objects.exists()


def test_all_missing_variables_are_named_at_once(run: Run) -> None:
    with pytest.raises(CommandError) as refusal:
        run("send_notification", "receipt", "--to", "ada@example.com")
    said = str(refusal.value)
    assert "context.name, context.number: are required by the template and are not given" in said


def test_variables_missing_in_several_places_are_named_with_those(run: Run) -> None:
    schema = {
        "type": "object",
        "properties": {
            "lines": {"type": "array", "items": {"type": "object", "required": ["sku", "pieces"]}},
            "total": {"type": "number"},
        },
        "required": ["lines", "total"],
    }
    publish_template("order", subject="Order", text="{{ total }}{{ lines|length }}", schema=schema)
    with pytest.raises(CommandError) as refusal:
        run(
            "send_notification", "order", "--to", "ada@example.com",
            "--context", '{"lines": [{"sku": "A-1"}, {}]}',
        )  # fmt: skip
    said = str(refusal.value)
    for place in ("lines.0.pieces", "lines.1.sku", "lines.1.pieces", "total"):
        assert f"context.{place}" in said
