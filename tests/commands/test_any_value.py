"""Whatever text somebody writes for a word of a command, the command does its work or says what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command, get_commands
from django.db import transaction

import tasks_core
from notifications import triggers
from notifications.api import create_broadcast, publish_template, save_recipient
from tasks_core.engine.json_text import storable
from tasks_core.models import Task
from tests.support.any_value import NUMBERS, TEXTS

pytestmark = pytest.mark.django_db

WORDS = [*TEXTS, *map(str, NUMBERS), "", "'", "[" * 5_000, '{"a": "\\u0000"}', "1e400", "nan"]
MOST_SAID = 3_000
ID = "00000000-0000-0000-0000-000000000001"
HOOK = "https://example.com/hook"

LINES = [
    "backfill_schedule nightly --start 2026-01-01T00:00Z --end 2026-01-02T00:00Z --concurrency 1",
    "cancel_backfill 1",
    "cancel_broadcast news --reason because --author me",
    f"cancel_scheduled_event {ID} --reason because --author me",
    "cancel_task 1 --reason because --author me",
    "check_beat --name beat@host",
    "check_platform --only configuration --timeout 5",
    "check_worker --name worker@host",
    "clean_up_triggers --older-than 30d --trigger nightly",
    (
        "create_broadcast other hello FILE --audience-format csv --channel email --locale de --category news "
        "--rate 5/s --run-after 2030-01-01T09:00Z --expires-at 2030-01-02T09:00Z --in-flight 10"
    ),
    (
        f"create_cron_trigger other --schedule @daily --timezone UTC --webhook {HOOK} --payload {{}} "
        "--headers [] --retry-conf {} --request-transform {} --response-transform {} --comment because "
        "--misfire-policy skip --when-disabled dead"
    ),
    "create_event_source gateway --channel email",
    (
        "create_schedule invoice.remind --name other --cron @daily --timezone UTC --max-runs 3 --jitter 5s "
        "--gap shift --fold first --exclusions {} --misfire skip --misfire-grace 5s --misfire-max-age 1d "
        '--misfire-max-count 3 --overlap skip --payload {"invoice":1} --priority 1 --queue default '
        "--tag a --expires-after 1d --description because"
    ),
    (
        f"create_scheduled_event --schedule-at 2030-01-01T09:00Z --webhook {HOOK} --payload {{}} "
        "--headers [] --retry-conf {} --comment because"
    ),
    "delete_cron_trigger nightly",
    "delete_schedule nightly",
    f"delete_scheduled_event {ID}",
    "delete_subscription nobody",
    "disable_cron_trigger nightly --reason because --author me",
    "disable_destination ops --channel teams --reason because --author me",
    "disable_provider main",
    "discard_dead_letters 1 --note because --author me",
    "discard_dead_letters --type invoice.remind --fingerprint abc --note because",
    "enable_cron_trigger nightly",
    "enable_destination ops --channel teams",
    "enable_provider main",
    (
        'enqueue_task invoice.remind --payload {"invoice":1} --run-after 2030-01-01T09:00Z '
        "--expires-at 2030-01-02T09:00Z --priority 1 --queue default --idempotency-key key --tag a "
        "--correlation-id id"
    ),
    'enqueue_task invoice.remind --payload {"invoice":1} --delay 5s --retry-policy patient',
    "erase_recipient ada@example.com --channel email --yes",
    "erase_recipient --recipient user-17 --yes",
    "import_periodic_tasks --name nightly",
    "import_suppressions FILE --channel email --reason manual --source because",
    "list_broadcasts --limit 5",
    "list_cron_triggers",
    "list_dead_letters --type invoice.remind --fingerprint abc --limit 5 --after 1",
    "list_destinations --channel teams",
    "list_digests --state open --template hello --limit 5",
    (
        "list_events --task 1 --type invoice.remind --kind failed --from 2026-01-01T00:00Z "
        "--until 2026-01-02T00:00Z --limit 5 --after 1"
    ),
    "list_providers --channel sms",
    "list_scheduled_events --trigger nightly --status dead --limit 5 --offset 1",
    "list_schedules --state enabled --type invoice.remind --tag a --name nightly --limit 5 --after 1",
    "list_subscriptions --state active",
    "list_suppressions --address ada@example.com --channel email --reason manual --limit 5 --after 1",
    "list_task_types --format table",
    (
        "list_tasks --state DEAD --type invoice.remind --queue default --tag a --correlation-id id --limit 5 "
        "--after 1"
    ),
    f"list_trigger_invocations --event {ID} --status 200 --limit 5 --offset 1",
    "list_trigger_invocations --trigger nightly",
    "pause_broadcast news --reason because --author me",
    "pause_schedule nightly --reason because --resume-at 2030-01-01T09:00Z --author me",
    "pause_subscription nobody",
    "preview_schedule nightly --count 3 --after 2030-01-01T09:00Z",
    "publish_templates FOLDER",
    f"redeliver_event {ID} --reason because --author me",
    "register_destination ops --channel teams --address @ADDRESS",
    (
        "register_provider main --channel sms --kind twilio "
        '--credentials @CREDENTIALS --options {"sender":"Bank"} --base-url https://example.com '
        "--position 1 --rate-limit 5 --breaker-threshold 5 --breaker-pause 30"
    ),
    'replay_dead_letters 1 --payload {"invoice":1} --note because --author me',
    "replay_dead_letters --type invoice.remind --fingerprint abc --rate 5/s --canary-timeout 1s",
    "replay_events nobody --after 0 --reason because --author me",
    "replay_events nobody --since 2026-01-01T00:00Z",
    "reseal_secrets --check --after notifications_endpoint.secrets:1",
    "resend_code 1 --to ada@example.com --channel email",
    "resume_broadcast news",
    "resume_schedule nightly",
    "resume_subscription nobody",
    (
        "save_category offers --name Offers --description because --parent news --quiet-hours defer "
        "--digest-template hello --default-channels email --body-retention-days 1 "
        "--exchange-retention-days 1 --row-retention-days 7"
    ),
    (
        "save_recipient user-18 --email ada@example.com --sms +4915112345678 --locale de "
        "--timezone Europe/Berlin --quiet-hours 22:00-08:00 --attributes {}"
    ),
    (
        "send_notification hello --to ada@example.com --channel email --locale de --context {} "
        "--run-after 2030-01-01T09:00Z --expires-at 2030-01-02T09:00Z --idempotency-key key "
        "--supersede-key key --correlation-id id --category news --fallback sms"
    ),
    (
        "send_notification hello --to ada@example.com --secret-context @SECRETS --condition none "
        "--condition-args {} --requester me --resends 1"
    ),
    "show_broadcast news",
    "show_digest 1",
    "show_task 1 --format json",
    (
        "suppress_address ada@example.com --channel email --reason manual --category news "
        "--expires-at 2030-01-01T09:00Z"
    ),
    "trigger_schedule nightly",
    "unsuppress_address ada@example.com --channel email --reason manual --category news",
]


ALONE = [
    pytest.param(line, marks=pytest.mark.django_db(transaction=True), id=line)
    for line in ("rebuild_tasks --task 1", "rebuild_tasks --after 1")
]
"""What only reads, and is in no transaction of somebody else."""


@pytest.fixture(autouse=True)
def something_there() -> None:
    publish_template("hello", subject="Hello", text="Hello")
    save_recipient("user-17", email="ada@example.com")
    create_broadcast("news", "hello", ["ada@example.com"], hold=True)
    triggers.create_cron_trigger("nightly", webhook=HOOK, schedule="0 3 * * *")
    tasks_core.schedule_recurring(
        "invoice.remind", {"invoice": 1}, name="nightly", every=timedelta(hours=1)
    )


FILES = {
    "FILE": "address\nada@example.com\n",
    "@ADDRESS": '{"url": "https://example.com"}',
    "@CREDENTIALS": '{"account_sid": "a", "auth_token": "b"}',
    "@SECRETS": "{}",
}


def _words(line: str, folder: Path) -> list[str]:
    places = {"FOLDER": str(folder)}
    (folder / "hello/email").mkdir(parents=True)
    for name, content in {**FILES, "FOLDER": "Hello"}.items():
        path = folder / ("hello/email/text.txt" if name == "FOLDER" else name.strip("@"))
        path.write_text(content)
        places.setdefault(name, f"{'@' if name.startswith('@') else ''}{path}")
    return [places.get(word, word) for word in line.split()]


def _said(words: list[str]) -> str:
    """Run a command; give what it says if it does not do its work."""
    err = StringIO()
    try:
        call_command(*words, stdout=StringIO(), stderr=err)
    except CommandError as error:
        return str(error)
    except SystemExit:
        return err.getvalue()
    return ""


@contextmanager
def _undone(words: list[str]) -> Iterator[None]:
    if words[0] == "rebuild_tasks":
        yield
        return
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def _problem(words: list[str]) -> str:
    try:
        with _undone(words):
            said = _said(words)
            list(Task.objects.all())
    except Exception as error:  # noqa: BLE001
        return f"{type(error).__name__}: {str(error)[:300]}"
    if len(said) > MOST_SAID:
        return f"says too much: {said[:100]}"
    return "" if storable(said, limit=MOST_SAID) == said else "its words cannot be shown"


@pytest.mark.parametrize("line", [*LINES, *ALONE])
def test_any_word_is_used_or_refused_in_words(line: str, tmp_path: Path) -> None:
    words = _words(line, tmp_path)
    problems = []
    for place, word in enumerate(words):
        if not place or word.startswith("--"):
            continue
        for other in WORDS:
            # With its option, so that a word that begins with a stroke is not taken for another.
            is_value = words[place - 1].startswith("--")
            before = words[: place - 1] if is_value else words[:place]
            given = [f"{words[place - 1]}={other}"] if is_value else [other]
            if problem := _problem([*before, *given, *words[place + 1 :]]):
                problems.append(ascii(f"{words[place - 1]} {other[:40]}: {problem}"))
    if problems:
        pytest.fail("\n".join(problems[:30]), pytrace=False)


@pytest.mark.parametrize("line", [*LINES, *ALONE])
def test_each_line_is_understood(line: str, tmp_path: Path) -> None:
    """Else it would be refused for that, whatever is changed in it."""
    words = _words(line, tmp_path)
    with _undone(words):
        said = _said(words)
    assert "argument" not in said


def test_no_command_is_without_such_a_test() -> None:
    ours = {name for name, app in get_commands().items() if app in ("tasks_core", "notifications")}
    assert ours - {line.split()[0] for line in LINES} == {"rebuild_tasks"}
