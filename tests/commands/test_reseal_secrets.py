"""`reseal_secrets`: after it the old key may go, and nothing is lost."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet, InvalidToken
from django.db import connection, connections, transaction
from pytest_django import Settings

import tasks_core
from notifications.api import (
    notify,
    publish_template,
    register_destination,
    register_endpoint,
    register_event_source,
    register_provider,
    resend,
    rotate_secret,
    suppress,
    suppressions_of,
)
from notifications.keys import keyring
from notifications.keys.address_hash import address_hash
from notifications.models import Destination, Provider
from notifications.people.unsubscribe.token import Subscription, decode, encode
from notifications.triggers.cron_triggers import create_cron_trigger
from notifications.triggers.scheduled_events import create_scheduled_event
from scheduler_project.data_folder import CHECKOUT
from tasks_core import clock, registry
from tasks_core.encryption import seal, unseal
from tasks_core.health.finding import Level
from tasks_core.health.run import examine
from tasks_core.key_rotation.columns import sealed_places
from tasks_core.key_rotation.rows import Change, write
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.commands.conftest import Answer, Run
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=4)]


OLD, NEW = (Fernet.generate_key().decode() for _ in range(2))
TOKEN = re.compile(r"gAAAAA[\w=-]{50,}")
ADA = "ada@example.com"

Keys = Callable[..., None]


@pytest.fixture
def keys(settings: Settings) -> Keys:
    def use(*keys: str) -> None:
        settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": list(keys)}
        keyring.forget()

    use(OLD)
    return use


@pytest.fixture
def reseal(run: Run) -> Callable[..., tuple[int, Answer]]:
    """Run the command; give its exit status as well."""

    def run_command(*words: str) -> tuple[int, Answer]:
        try:
            return 0, run("reseal_secrets", *words)
        except SystemExit as ended:
            return int(str(ended.code)), Answer("", "")

    return run_command


def log_ins(count: int) -> list[int]:
    return tasks_core.enqueue_many("login.check", [{"user": "ada", "code": "271828"}] * count)


def everything() -> None:
    """Store a secret of each kind."""
    log_ins(2)
    tasks_core.schedule_recurring(
        "login.check", {"user": "ada", "code": "271828"}, name="checks", every=timedelta(days=1)
    )
    register_provider(
        "chat", channel="telegram", kind="telegram", credentials={"token": "123:telegram-token"}
    )
    register_destination("room", channel="slack", url="https://hooks.slack.example/T1/B2/secret")
    register_event_source("gateway", channel="sms")
    rotate_secret(register_endpoint("merchant", "https://merchant.example/hook"))
    header = [{"name": "Authorization", "value": "Bearer trigger-secret"}]
    webhook = "https://merchant.example/tick"
    create_cron_trigger("ticks", webhook=webhook, schedule="0 3 * * *", headers=header)
    create_scheduled_event(
        webhook=webhook, schedule_at=clock.now() + timedelta(days=2), headers=header
    )
    publish_template("code", subject="Code", text="{{ code }}", sample={"code": "0"})
    notify(
        "code",
        to=ADA,
        secret_context={"code": "314159"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
        resends=1,
    )


def places_of_tokens() -> dict[str, list[str]]:
    """Find what looks sealed, in every column of every table."""
    found: dict[str, list[str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns "
            "WHERE table_schema = 'public' AND data_type IN "
            "('text', 'character varying', 'json', 'jsonb', 'ARRAY')"
        )
        for table, column in cursor.fetchall():
            cursor.execute(f'SELECT "{column}"::text FROM "{table}" WHERE "{column}" IS NOT NULL')
            tokens = [token for (text,) in cursor.fetchall() for token in TOKEN.findall(text)]
            if tokens:
                found[f"{table}.{column}"] = tokens
    return found


def opened_by(key: str, tokens: list[str]) -> int:
    def opens(token: str) -> bool:
        try:
            return bool(Fernet(key).decrypt(token))
        except InvalidToken:
            return False

    return sum(map(opens, tokens))


def test_the_models_declare_every_column_that_holds_something_sealed(keys: Keys) -> None:
    everything()
    assert set(places_of_tokens()) == {place.name for place in sealed_places()}


def test_after_it_the_old_key_may_go(
    keys: Keys, reseal: Callable[..., tuple[int, Answer]], settings: Settings
) -> None:
    everything()
    suppress("email", "eve@example.com", reason="complaint", source="support")
    link = encode(
        Subscription(address_hash=address_hash("email", ADA), channel="email", category="news")
    )
    keys(NEW, OLD)
    assert reseal("--check")[0] == 1
    status, answer = reseal()
    assert status == 0
    assert answer.err.startswith("what was stored is sealed with the first key")
    assert [line.split("\t")[3:] for line in answer.lines[1:]] == [["0", "0"]] * 11
    status, answer = reseal("--check", "--format", "json")
    assert (status, answer.err) == (
        0,
        "the first key opens all; the others may be taken away\n",
    )
    found = {row["column"]: row for row in map(json.loads, answer.lines)}
    assert found["tasks_core_task.payload"]["rows"] == 2
    assert found["notifications_sealedkey.sealed"]["rows"] == len(keyring.NAMES)

    keys(NEW)
    settings.SECRET_KEY = "another" * 10
    for name, tokens in places_of_tokens().items():
        assert opened_by(NEW, tokens) == len(tokens), name
    assert [entry.reason for entry in suppressions_of("email", "Eve@example.com")] == ["complaint"]
    unsubscribed = decode(link)
    assert unsubscribed is not None
    assert unsubscribed.address_hash == address_hash("email", ADA)
    assert json.loads(unseal(Provider.objects.get().credentials))["token"] == "123:telegram-token"
    run_due()
    assert set(Task.objects.filter(task_type="login.check").values_list("state", flat=True)) == {
        "SUCCEEDED"
    }


def test_without_it_the_check_tells_what_the_old_key_is_needed_for(
    keys: Keys, process_environment: dict[str, str]
) -> None:
    everything()
    answer = subprocess.run(
        [sys.executable, "manage.py", "reseal_secrets", "--check"],
        cwd=CHECKOUT,
        env={**process_environment, "ENCRYPTION_KEYS": f"{NEW},{OLD}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert "tasks_core_task.payload\t2\t0\t2\t0" in answer.stdout
    assert "run reseal_secrets before you take one away" in answer.stderr
    assert opened_by(OLD, places_of_tokens()["tasks_core_task.payload"]) == 2, "nothing is changed"


def test_what_no_key_opens_is_named_and_all_else_is_done(
    keys: Keys, process_environment: dict[str, str]
) -> None:
    lost, damaged, masked, good = log_ins(4)
    keys(NEW)
    Task.objects.filter(pk=lost).update(payload={"code": {"$sealed": seal("x")}})
    Task.objects.filter(pk=damaged).update(payload={"code": {"$sealed": 5}})
    Task.objects.filter(pk=masked).update(payload={"code": {"$sealed": "••••••"}})
    answer = subprocess.run(
        [sys.executable, "manage.py", "reseal_secrets"],
        cwd=CHECKOUT,
        env={
            **process_environment,
            "ENCRYPTION_KEYS": f"{Fernet.generate_key().decode()},{OLD}",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 1
    assert (
        f"tasks_core_task.payload: no key opens {lost}, {damaged}, {masked}; put the key"
        in answer.stderr
    )
    assert "tasks_core_task.payload\t4\t1\t0\t3" in answer.stdout
    assert Task.objects.get(pk=damaged).payload == {"code": {"$sealed": 5}}
    token = Task.objects.get(pk=good).payload["code"]["$sealed"]
    assert opened_by(OLD, [token]) == 0


@pytest.mark.parametrize(("depth", "status"), [(200, 0), (3_000, 1)])
def test_a_row_that_is_too_deep_to_read_stops_no_other(
    keys: Keys, reseal: Callable[..., tuple[int, Answer]], depth: int, status: int
) -> None:
    """No door lets such a payload in, but whoever may write SQL does."""
    deep, good = log_ins(2)
    text = '{"a":' * depth + json.dumps({"$sealed": seal("x")}) + "}" * depth
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_core_task SET payload = %s WHERE id = %s", [text, deep])
        keys(NEW, OLD)
        assert reseal()[0] == reseal("--check")[0] == status
        cursor.execute("SELECT payload::text FROM tasks_core_task ORDER BY id = %s", [good])
        found = [TOKEN.findall(row[0]) for row in cursor.fetchall()]
    assert [opened_by(NEW, tokens) for tokens in found] == [1 - status, 1]


def test_a_key_that_is_none_is_told_in_one_line(
    keys: Keys, process_environment: dict[str, str]
) -> None:
    log_ins(1)
    answer = subprocess.run(
        [sys.executable, "manage.py", "reseal_secrets"],
        cwd=CHECKOUT,
        env={**process_environment, "ENCRYPTION_KEYS": f"{NEW},mistyped"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode != 0
    assert "Traceback" not in answer.stderr
    assert "mistyped" not in answer.stderr


def test_nothing_but_the_sealed_values_is_touched(
    keys: Keys, reseal: Callable[..., tuple[int, Answer]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "_types", registry.task_types())

    @tasks_core.task_type("anything")
    def anything(payload: dict[str, Any]) -> None: ...

    plain = {"sealed": "a word of mine", "n": 12345678901234567890123, "x": [1.5, None]}
    plain_id = tasks_core.enqueue("anything", plain).pk
    both = {"code": {"$sealed": seal("x")}, "n": 1, "ü": '\U0001f600\\ "'}
    both_id = tasks_core.enqueue("anything", {}).pk
    text = json.dumps(both)[:-1] + ', "huge": 1' + "0" * 5_000 + ', "tiny": 0.10000000000000000001}'
    with connection.cursor() as cursor:
        cursor.execute("UPDATE tasks_core_task SET payload = %s WHERE id = %s", [text, both_id])
        keys(NEW, OLD)
        assert reseal()[0] == 0
        cursor.execute("SELECT payload::text FROM tasks_core_task WHERE id = %s", [both_id])
        [after] = cursor.fetchone()
        cursor.execute("SELECT %s::jsonb::text", [text])
        [before] = cursor.fetchone()
    assert TOKEN.sub("#", after) == TOKEN.sub("#", before)
    assert opened_by(NEW, TOKEN.findall(after)) == 1
    assert Task.objects.get(pk=plain_id).payload == plain


def test_it_waits_for_no_lock_and_overwrites_no_change(
    keys: Keys, process_environment: dict[str, str]
) -> None:
    locked, _free = log_ins(2)
    with transaction.atomic():
        Task.objects.select_for_update().get(pk=locked)
        answer = subprocess.run(
            [sys.executable, "manage.py", "reseal_secrets"],
            cwd=CHECKOUT,
            env={**process_environment, "ENCRYPTION_KEYS": f"{NEW},{OLD}"},
            capture_output=True,
            text=True,
            check=False,
        )
    assert answer.returncode == 1
    assert f"locked by others all the time, so not done: {locked}" in answer.stderr
    assert "tasks_core_task.payload\t2\t1\t1\t0" in answer.stdout


def test_a_row_that_somebody_changed_meanwhile_is_not_overwritten(keys: Keys) -> None:
    register_destination("room", channel="slack", url="https://hooks.slack.example/T1/B2/secret")
    row = Destination.objects.get()
    [place] = [one for one in sealed_places() if one.table == "notifications_destination"]
    Destination.objects.update(sealed="newer")
    assert write(place, [Change(row.pk, row.sealed, "older")]) == set()
    assert write(place, [Change(row.pk, "newer", "newest")]) == {row.pk}
    assert Destination.objects.get().sealed == "newest"


def test_after_ctrl_c_it_goes_on_where_it_was(
    keys: Keys, process_environment: dict[str, str], reseal: Callable[..., tuple[int, Answer]]
) -> None:
    ids = log_ins(2_500)
    environment = {**process_environment, "ENCRYPTION_KEYS": f"{NEW},{OLD}"}
    with transaction.atomic():
        # A locked row in each later chunk: it comes back for them for a while, and we are in time.
        list(Task.objects.select_for_update().filter(pk__in=ids[750::500]))
        running = subprocess.Popen(
            [sys.executable, "manage.py", "reseal_secrets"],
            cwd=CHECKOUT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        first = Task.objects.filter(pk=ids[0])

        def begun() -> bool:
            return bool(opened_by(NEW, [first.get().payload["code"]["$sealed"]]))

        wait_until(begun, seconds=60, what="nothing was sealed anew")
        running.send_signal(signal.SIGINT)
        _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    found = re.search(r"go on with --after (tasks_core_task\.payload:(\d+))", err)
    assert found
    assert ids[0] < int(found[2]) < ids[-1]
    keys(NEW, OLD)
    status, answer = reseal("--after", found[1])
    assert status == 0
    assert [line.split("\t")[0] for line in answer.lines[1:]] == ["tasks_core_task.payload"]
    assert reseal()[0] == 0, "the row that was locked"
    assert reseal("--check")[0] == 0


def test_a_kept_code_is_sent_again_after_the_rotation(
    keys: Keys, reseal: Callable[..., tuple[int, Answer]]
) -> None:
    publish_template("code", subject="Code", text="{{ code }}", sample={"code": "0"})
    sent = notify(
        "code",
        to=ADA,
        secret_context={"code": "314159"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
        resends=1,
    )
    run_due()
    keys(NEW, OLD)
    assert reseal()[0] == 0
    keys(NEW)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        assert resend(sent).resend_of == sent
    connections.close_all()


def test_check_platform_names_what_the_keys_do_not_open(keys: Keys) -> None:
    everything()
    [finding] = examine(["secrets"])
    assert finding.message == "the first key opens the secrets of the configuration"
    keys(NEW, OLD)
    [finding] = examine(["secrets"])
    assert finding.level is Level.HEALTHY
    assert "reseal_secrets --check" in finding.message
    keys(NEW)
    found = examine(["secrets"])
    assert {finding.level for finding in found} == {Level.DEGRADED}
    assert {re.findall(r"in ([\w.]+),", finding.message)[0] for finding in found} == {
        place.name for place in sealed_places() if place.is_configuration
    }


@pytest.mark.parametrize(
    "place", ["", "5", "tasks_core_task.payload", "x.y:5", "tasks_core_task.payload:x"]
)
def test_where_to_go_on_must_be_a_column_and_an_id(run: Run, place: str) -> None:
    with pytest.raises(Exception, match=r"COLUMN:ID|is no"):
        run("reseal_secrets", "--after", place)
