"""Tasks and notifications in a database that is not ``default``: nothing asks for another one."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from scheduler_project.data_folder import CHECKOUT

SCRIPT = """
import django

django.setup()
from datetime import timedelta

from django.core import mail

from notifications import api
from tasks_core import clock
from tasks_core.testing import run_due

api.publish_template("welcome", subject="Hello", text="{{ name }}: {{ code }}", schema={
    "type": "object", "properties": {"name": {"type": "string"}, "code": {"type": "string"}}
})
later = clock.now() + timedelta(hours=1)
api.notify("welcome", to="ada@example.com", context={"name": "Ada", "code": "1"}, idempotency_key="1")
api.notify("welcome", to="ada@example.com", context={"name": "Ada", "code": "1"}, idempotency_key="1")
api.notify("welcome", to="bob@example.com", context={"name": "Bob"}, secret_context={"code": "2"},
    expires_at=later)
api.suppress("email", "eve@example.com", reason="manual")
run_due()
print(sorted(message.to[0] for message in mail.outbox))
"""


@pytest.mark.acceptance
def test_messages_are_stored_and_sent(process_environment: dict[str, str]) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**process_environment, "DJANGO_SETTINGS_MODULE": "tests.project.own_database"},
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.stdout.splitlines()[-1:] == ["['ada@example.com', 'bob@example.com']"], ran.stderr


@pytest.mark.parametrize("app", ["tasks_core", "notifications"])
def test_no_source_asks_for_the_default_database(app: str) -> None:
    found = [
        f"{path}: {line}"
        for path in sorted(Path(CHECKOUT, app).rglob("*.py"))
        if "migrations" not in path.parts
        for line in _calls(path.read_text("utf-8"))
    ]
    assert found == []


def _calls(source: str) -> list[str]:
    """Return the calls that do not say which database they mean."""
    imports = re.findall(r"from django\.db import [^\n]*\bconnection\b", source)
    calls = re.finditer(r"transaction\.(?:atomic|on_commit)\b(?!`)(.{0,200})", source, re.DOTALL)
    return imports + [one.group(0)[:60] for one in calls if "using=" not in one.group(1)]
