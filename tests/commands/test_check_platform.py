"""`check_platform`, part by part."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
import redis
import time_machine
from django.core.management import call_command
from django.db import connection, connections, transaction
from pytest_django import Settings

import tasks_core
from tasks_core import clock, registry
from tasks_core.broker.redis_client import broker_client, key
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.events.queues import queue_names
from tasks_core.health import Finding, Level, examine, run, worst
from tasks_core.health import connections as connections_probe
from tasks_core.health.broker import judge_redis
from tasks_core.lanes import expand, lane_name
from tasks_core.models import DeadLetter, Leadership, Task, Worker

pytestmark = pytest.mark.django_db
committed = pytest.mark.django_db(transaction=True)
"""The command asks in threads of its own, which see only what is committed."""


@pytest.fixture
def living(broker: "redis.Redis") -> Callable[[Worker.Role, list[str]], Worker]:
    """Return a function that makes the row of a process that is alive."""

    def make(role: Worker.Role, queues: list[str]) -> Worker:
        now = clock.now()
        return Worker.objects.create(
            name=f"{role}-{Worker.objects.count()}@host",
            role=role,
            hostname="host",
            pid=1,
            queues=expand(queues),
            task_types=sorted(registry.task_types()),
            started_at=now,
            heartbeat_at=now,
        )

    return make


@pytest.fixture
def all_alive(living: Callable[[Worker.Role, list[str]], Worker]) -> Worker:
    """Make a beat and a worker of all queues; return the worker."""
    living(Worker.Role.BEAT, [])
    Leadership.objects.create(
        name="schedules", holder="host:1", fence=1, expires_at=clock.now() + timedelta(hours=1)
    )
    return living(Worker.Role.WORKER, queue_names())


def check(*words: str) -> tuple[int, dict[str, list[Finding]]]:
    """Run the command; return its exit status and the findings of each probe."""
    out = StringIO()
    status = 0
    try:
        call_command("check_platform", "--format", "json", *words, stdout=out)
    except SystemExit as end:
        status = int(str(end.code))
    answer = json.loads(out.getvalue())
    found: dict[str, list[Finding]] = {}
    for fields in answer["findings"]:
        finding = Finding(**{**fields, "level": Level(fields["level"])})
        found.setdefault(finding.probe, []).append(finding)
    assert answer["status"] == worst([f for listed in found.values() for f in listed])
    return status, found


def only(probe: str) -> Finding:
    """Return the worst finding of one probe."""
    return max(examine([probe]), key=lambda finding: list(Level).index(finding.level))


@committed
@pytest.mark.usefixtures("all_alive")
def test_a_healthy_platform_exits_with_0() -> None:
    status, found = check()
    assert {finding.level for listed in found.values() for finding in listed} == {Level.HEALTHY}
    assert status == 0


@committed
def test_without_beat_and_worker_it_exits_with_1_and_says_how_to_start_them() -> None:
    status, found = check()
    assert status == 1
    assert "beat -S tasks_core.beat:Scheduler" in found["beat"][0].remedy
    assert "celery -A scheduler_project worker" in found["workers"][0].remedy


def test_a_process_that_is_silent_or_has_stopped_is_not_alive(all_alive: Worker) -> None:
    Worker.objects.filter(role="beat").update(stopped_at=clock.now())
    Worker.objects.filter(role="worker").update(heartbeat_at=clock.now() - timedelta(minutes=1))
    assert only("beat").level is only("workers").level is Level.UNHEALTHY


@pytest.mark.usefixtures("all_alive")
def test_beats_none_of_which_leads_are_named() -> None:
    Leadership.objects.update(expires_at=clock.now() - timedelta(minutes=1))
    finding = only("beat")
    assert (finding.level, finding.message) == (
        Level.DEGRADED,
        "no beat leads the schedules: no tick is settled",
    )


@pytest.mark.usefixtures("all_alive")
def test_a_beat_whose_work_stands_still_is_none() -> None:
    Worker.objects.filter(role="beat").update(stuck_since=clock.now() - timedelta(minutes=7))
    finding = only("beat")
    assert finding.level is Level.UNHEALTHY
    assert "some of its work has stood still for 7 min" in finding.message


@pytest.mark.usefixtures("all_alive")
def test_rows_that_a_beat_steps_past_are_told() -> None:
    Worker.objects.filter(role="beat").update(failing_rows="schedule 7 cannot be fired")
    finding = next(one for one in examine(["beat"]) if one.level is Level.DEGRADED)
    assert "steps past rows that fail: schedule 7 cannot be fired" in finding.message


def test_a_worker_that_takes_no_messages_serves_no_queue(all_alive: Worker) -> None:
    Worker.objects.filter(pk=all_alive.pk).update(stuck_since=clock.now() - timedelta(minutes=7))
    findings = examine(["workers"])
    assert "does not take messages (for 7 min)" in findings[0].message
    assert any("no worker consumes queue default" in finding.message for finding in findings)
    assert worst(findings) is Level.UNHEALTHY


@pytest.mark.usefixtures("broker")
def test_a_queue_that_no_worker_consumes_is_named(
    living: Callable[[Worker.Role, list[str]], Worker],
) -> None:
    living(Worker.Role.WORKER, [q for q in queue_names() if q != "email"])
    finding = only("workers")
    assert finding.level is Level.UNHEALTHY
    assert "queue email" in finding.message
    assert finding.remedy.endswith("-Q email")


def test_a_single_lane_that_no_worker_consumes_is_named(all_alive: Worker) -> None:
    queues = [queue for queue in all_alive.queues if queue != "default.low"]
    Worker.objects.filter(pk=all_alive.pk).update(queues=queues)
    assert "lane default.low" in only("workers").message


def test_a_task_type_that_no_worker_knows_is_named(all_alive: Worker) -> None:
    Worker.objects.filter(pk=all_alive.pk).update(task_types=["login.check"])
    finding = only("workers")
    assert "invoice.remind" in finding.message
    assert "login.check" not in finding.message


@committed
@pytest.mark.usefixtures("all_alive")
def test_a_late_lane_makes_it_degraded_and_exits_with_3() -> None:
    with clock.frozen(clock.now() - timedelta(minutes=10)):
        tasks_core.enqueue("invoice.remind", {"invoice": 1}, queue_name="slow")
    status, found = check()
    assert status == 3
    assert "lane slow.normal: the oldest due task has waited for 10 min" in found["due"][0].message


def test_due_tasks_in_the_broker_are_late_though_nothing_waits_in_the_database() -> None:
    for _ in range(2):
        task = tasks_core.enqueue("invoice.remind", {"invoice": 1}, queue_name="slow")
        at = clock.now() - timedelta(minutes=10)
        Task.objects.filter(pk=task.pk).update(state="QUEUED", run_after=at, queued_at=clock.now())
    finding = only("due")
    assert finding.level is Level.DEGRADED
    assert (
        "lane slow.normal: 2 tasks were handed to the broker and did not begin" in finding.message
    )
    assert "due since 10 min" in finding.message
    Task.objects.update(run_after=clock.now() - timedelta(seconds=5))
    finding = only("due")
    assert (finding.level, finding.message) == (
        Level.HEALTHY,
        "the oldest due task has waited for 5 s",
    )


def test_schedules_that_no_beat_leads_are_not_well() -> None:
    tasks_core.schedule_recurring("invoice.remind", {"invoice": 1}, cron="0 3 * * *")
    finding = only("schedules")
    assert finding.level is Level.DEGRADED
    assert "no beat leads, so the next tick will not be settled" in finding.message


@pytest.mark.usefixtures("all_alive")
def test_a_late_task_whose_type_nobody_knows_is_named() -> None:
    with clock.frozen(clock.now() - timedelta(minutes=10)):
        task = tasks_core.enqueue("invoice.remind", {"invoice": 1})
    Task.objects.filter(pk=task.pk).update(task_type="invoice.gone")
    finding = only("due")
    assert f"task {task.pk}" in finding.message
    assert "invoice.gone is not registered" in finding.message
    assert f"cancel_task {task.pk}" in finding.remedy


@pytest.mark.usefixtures("all_alive")
def test_tasks_that_beat_has_set_aside_are_counted_by_type() -> None:
    ids = tasks_core.enqueue_many("invoice.remind", [{"invoice": 1}] * 3)
    Task.objects.filter(pk__in=ids).update(task_type="invoice.gone")
    tasks_core.schedule_delayed("invoice.remind", {"invoice": 1}, delay=60)
    Dispatcher().dispatch()
    finding = only("due")
    assert finding.level is Level.DEGRADED
    assert "3 tasks wait because their type invoice.gone is not registered" in finding.message
    assert "list_tasks --type invoice.gone" in finding.remedy


def queued_long_ago() -> Task:
    task = tasks_core.enqueue("invoice.remind", {"invoice": 1})
    long_ago = clock.now() - timedelta(minutes=10)
    Task.objects.filter(pk=task.pk).update(state="QUEUED", queued_at=long_ago)
    return task


@committed
@pytest.mark.usefixtures("all_alive")
def test_a_tick_that_nobody_settles_makes_it_degraded() -> None:
    @tasks_core.task_type("a.type")
    def handler(payload: dict[str, object]) -> None: ...

    with clock.frozen(clock.now() - timedelta(minutes=10)):
        tasks_core.schedule_recurring("a.type", name="nightly", cron="* * * * *")

    status, found = check("--only", "schedules")

    assert status == 3
    assert "schedule 'nightly' has a tick that was due 9 min ago" in found["schedules"][0].message
    tasks_core.pause_schedule("nightly", reason="a test")
    tasks_core.delete_schedule("nightly")
    assert check("--only", "schedules")[0] == 0


@pytest.mark.usefixtures("all_alive")
def test_queued_tasks_without_messages_are_lost() -> None:
    queued_long_ago()
    finding = only("lanes")
    assert finding.level is Level.DEGRADED
    assert "default.normal: 1 queued tasks have lost their messages" in finding.message


def test_messages_that_idle_workers_do_not_take_make_it_unhealthy(
    all_alive: Worker, broker: "redis.Redis"
) -> None:
    queued_long_ago()
    broker.lpush(key(lane_name("default", 2)), "message")
    finding = only("lanes")
    assert finding.level is Level.UNHEALTHY
    assert "its workers run nothing" in finding.message


def test_messages_wait_for_workers_that_are_busy(all_alive: Worker, broker: "redis.Redis") -> None:
    queued_long_ago()
    broker.lpush(key(lane_name("default", 2)), "message")
    other = tasks_core.enqueue("invoice.remind", {"invoice": 2}, queue_name="email")
    Task.objects.filter(pk=other.pk).update(
        state="RUNNING",
        worker=f"{all_alive.name}:77",
        lease_until=clock.now() + timedelta(seconds=30),
    )
    finding = only("lanes")
    assert finding.level is Level.DEGRADED
    assert "while its workers are busy" in finding.message


@pytest.mark.usefixtures("all_alive")
def test_running_tasks_without_owner_are_counted() -> None:
    task = tasks_core.enqueue("invoice.remind", {"invoice": 1})
    Task.objects.filter(pk=task.pk).update(
        state="RUNNING", lease_until=clock.now() - timedelta(minutes=1)
    )
    finding = only("leases")
    assert (finding.level, finding.message[:2]) == (Level.DEGRADED, "1 ")


@pytest.mark.usefixtures("all_alive")
def test_connections_are_counted_and_those_that_may_come() -> None:
    finding = only("connections")
    assert finding.level is Level.HEALTHY
    assert "connections to the database are used; workers and beats" in finding.message


def test_more_connections_than_the_database_allows_are_told(all_alive: Worker) -> None:
    Worker.objects.filter(pk=all_alive.pk).update(concurrency=1_000)
    finding = only("connections")
    assert finding.level is Level.DEGRADED
    assert "also for web processes" in finding.message
    assert "PgBouncer" in finding.remedy


@pytest.mark.usefixtures("all_alive")
def test_database_that_is_nearly_full_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_probe, "FULL", 0.0)
    finding = only("connections")
    assert finding.level is Level.DEGRADED
    assert "connections to the database are used" in finding.message


def test_dead_letters_are_told_but_make_nothing_ill(
    make_dead: Callable[[int], list[DeadLetter]],
) -> None:
    make_dead(2)
    finding = only("dead-letters")
    assert finding.level is Level.HEALTHY
    assert finding.message.startswith("unresolved: 2, the oldest since")


def test_migrations_that_are_not_applied_are_named() -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'tasks_core'")
    database, migrations, beat = examine(["database", "migrations", "beat"])
    assert (database.level, migrations.level) == (Level.HEALTHY, Level.UNHEALTHY)
    assert "tasks_core.0001_initial" in migrations.message
    assert "manage.py migrate" in migrations.remedy
    assert (beat.level, beat.message) == (
        Level.UNKNOWN,
        "not looked at, because of the migrations",
    )


def test_a_database_that_cannot_be_written_is_unhealthy() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET transaction_read_only = on")
    finding = only("database")
    assert finding.level is Level.UNHEALTHY
    assert "read-only" in finding.message


def test_a_database_that_isolates_too_much_is_unhealthy() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET default_transaction_isolation = 'repeatable read'")
        finding = only("database")
        cursor.execute("RESET default_transaction_isolation")
    assert finding.level is Level.UNHEALTHY
    assert "repeatable read" in finding.message


def test_each_process_whose_clock_is_off_is_named(all_alive: Worker) -> None:
    assert only("clocks").level is Level.HEALTHY
    Worker.objects.filter(pk=all_alive.pk).update(clock_skew=-31.04)
    Worker.objects.filter(role="beat").update(clock_skew=1.9)
    [finding] = examine(["clocks"])
    assert finding.level is Level.DEGRADED
    assert f"{all_alive.name} on host is 31.0 s behind" in finding.message
    assert "time server" in finding.remedy


def test_a_heartbeat_in_the_future_comes_from_a_clock_that_is_off(all_alive: Worker) -> None:
    """As an older release writes it, which goes by the machine's clock."""
    Worker.objects.filter(pk=all_alive.pk).update(heartbeat_at=clock.now() + timedelta(minutes=1))
    finding = only("clocks")
    assert (finding.level, all_alive.name in finding.message) == (Level.DEGRADED, True)


def test_the_clock_of_this_machine_is_compared_as_well(all_alive: Worker) -> None:
    with time_machine.travel(datetime.now(UTC) + timedelta(minutes=5)):
        finding = only("clocks")
    assert finding.level is Level.DEGRADED
    assert "this machine" in finding.message
    assert "300.0 s ahead of" in finding.message


@pytest.fixture
def locked_table(transactional_db: None) -> Iterator[None]:
    """Hold a lock that makes whoever reads the table of workers wait."""
    locked, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("LOCK TABLE tasks_core_worker")
            locked.set()
            done.wait(30)
        connections.close_all()

    thread = threading.Thread(target=hold)
    thread.start()
    assert locked.wait(10)
    yield
    done.set()
    thread.join()


@pytest.mark.usefixtures("locked_table")
def test_a_database_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "PATIENCE", "200ms")
    finding = only("beat")
    assert finding.level is Level.UNHEALTHY
    assert "did not answer" in finding.message


def test_without_keys_secrets_cannot_be_stored(settings: Settings) -> None:
    settings.BELLRINGER = {**settings.BELLRINGER, "ENCRYPTION_KEYS": []}
    finding = only("keys")
    assert finding.level is Level.UNHEALTHY
    assert "ENCRYPTION_KEYS" in finding.remedy


def test_system_checks_count(settings: Settings) -> None:
    settings.REDIS_OPTIONS = {**settings.REDIS_OPTIONS, "socket_timeout": None}
    finding = only("configuration")
    assert finding.level is Level.UNHEALTHY
    assert "scheduler_project.E001" in finding.message


@pytest.mark.parametrize(
    ("facts", "level", "says"),
    [
        ({}, Level.HEALTHY, "answers"),
        ({"redis_version": "5.0.7"}, Level.UNHEALTHY, "too old"),
        ({"role": "slave"}, Level.UNHEALTHY, "replica"),
        ({"loading": 1}, Level.DEGRADED, "loading"),
        ({"maxmemory_policy": "allkeys-lru"}, Level.DEGRADED, "allkeys-lru"),
        ({"maxmemory": 100, "used_memory": 95}, Level.DEGRADED, "95 % full"),
    ],
)
def test_what_the_broker_says_of_itself_is_judged(
    facts: dict[str, object], level: Level, says: str
) -> None:
    client = broker_client()
    assert client is not None
    findings = list(judge_redis({**client.info(), **facts}))
    assert worst(findings) is level
    assert says in findings[-1].message


@committed
def test_one_probe_can_be_asked_alone() -> None:
    status, found = check("--only", "keys", "--only", "broker")
    assert status == 0
    assert set(found) == {"keys", "broker"}


def test_a_probe_that_does_not_exist_is_refused() -> None:
    with pytest.raises(KeyError, match=r"no probe is called nose; there are configuration"):
        examine(["nose"])
