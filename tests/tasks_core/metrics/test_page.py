"""What /metrics tells, and to whom."""

import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import redis
from django.contrib.auth.models import Permission, User
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from pytest_django import Settings

import tasks_core
from tasks_core import clock
from tasks_core.engine.states import State
from tasks_core.events.subscription import forget
from tasks_core.leadership import Leadership as Claim
from tasks_core.metrics import parts
from tasks_core.metrics.handler import MetricsHandler
from tasks_core.metrics.parts import add_metrics
from tasks_core.metrics.sampling import Sampler
from tasks_core.metrics.subscriptions import SELECT as SUBSCRIPTIONS
from tasks_core.models import Leadership, MetricTotal, Task, Worker
from tasks_core.sql.dispatch import LANES
from tests.support.life import PLAIN, bring_to, plain_type, queue, take
from tests.tasks_core.metrics.conftest import TOKEN
from tests.tasks_core.metrics.counting import count_all
from tests.tasks_core.metrics.values import label_values, value

pytestmark = pytest.mark.usefixtures("transactional_db")

Scraping = Callable[[], dict[str, Metric]]


@pytest.fixture
def people(transactional_db: None) -> Iterator[None]:
    """Remove the people that a test makes."""
    yield
    User.objects.all().delete()


def _staff(*permissions: str) -> Client:
    user = User.objects.create(username="staff", password="!", is_staff=True)
    user.user_permissions.set(Permission.objects.filter(codename__in=permissions))
    client = Client()
    client.force_login(user)
    return client


def test_each_transition_is_counted(scrape: Scraping) -> None:
    plain_type()
    for state in State:
        bring_to(state)
    count_all()
    metrics = scrape()
    assert value(metrics, "tasks_scheduled_total", task_type=PLAIN) == len(State)
    assert value(metrics, "tasks_completed_total", task_type=PLAIN) == 1
    assert value(metrics, "tasks_failed_total", task_type=PLAIN) == 2
    assert value(metrics, "tasks_retried_total", task_type=PLAIN) == 1
    assert value(metrics, "tasks_dead_lettered_total", task_type=PLAIN) == 1
    assert value(metrics, "task_execution_duration_ms_count", task_type=PLAIN) == 3
    assert value(metrics, "task_retry_count_count", task_type=PLAIN) == 4
    assert value(metrics, "task_retry_count_bucket", task_type=PLAIN, le="0.0") == 4


def test_waits_fall_into_their_buckets(scrape: Scraping) -> None:
    plain_type()
    task_id = tasks_core.enqueue(PLAIN, {}).pk
    with clock.frozen(Task.objects.get(pk=task_id).run_after + timedelta(seconds=5)):
        assert take(queue())
    count_all()
    metrics = scrape()
    waits = "task_queue_wait_time_ms"
    assert value(metrics, f"{waits}_bucket", task_type=PLAIN, le="2500.0") == 0
    assert value(metrics, f"{waits}_bucket", task_type=PLAIN, le="10000.0") == 1
    assert value(metrics, f"{waits}_bucket", task_type=PLAIN, le="+Inf") == 1
    assert 4_000 < value(metrics, f"{waits}_sum", task_type=PLAIN) <= 5_000


def test_gauges_tell_what_waits_and_how_late_it_is(scrape: Scraping, broker: "redis.Redis") -> None:
    plain_type()
    tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=1))
    bring_to(State.QUEUED)
    bring_to(State.RUNNING)
    tasks_core.enqueue(PLAIN, {}, priority=0)
    with clock.frozen(clock.now() + timedelta(seconds=30)):
        Sampler().sample()
        metrics = scrape()
    assert value(metrics, "scheduled_tasks_pending", queue="default") == 1
    assert value(metrics, "tasks_running", queue="default") == 1
    depth = {"queue": "default"}
    assert value(metrics, "task_queue_depth", **depth, priority="critical", state="due") == 1
    assert value(metrics, "task_queue_depth", **depth, priority="normal", state="queued") == 1
    for priority in ("critical", "normal"):  # the latter is in the broker, and has not begun
        lateness = value(metrics, "task_oldest_due_age_seconds", **depth, priority=priority)
        assert 29 < lateness < 32
    assert value(metrics, "task_oldest_due_age_seconds", **depth, priority="low") == 0
    assert value(metrics, "broker_backlog_messages", **depth, priority="normal") == 0
    assert value(metrics, "metrics_sampled_timestamp_seconds") > 0


def test_gauges_tell_who_is_there(scrape: Scraping) -> None:
    now = clock.now()
    facts = {"hostname": "h", "pid": 1, "started_at": now}
    for name, queues, seen in (
        ("one", ["default.critical", "default.high"], now),
        ("two", ["default.critical"], now),
        ("gone", ["default.critical"], now - timedelta(minutes=5)),
    ):
        Worker.objects.create(name=name, role="worker", queues=queues, heartbeat_at=seen, **facts)
    metrics = scrape()
    assert value(metrics, "active_workers") == 2
    assert value(metrics, "active_beats") == 0
    served = {
        p: value(metrics, "queue_active_workers", queue="default", priority=p)
        for p in ("critical", "high", "low")
    }
    assert served == {"critical": 2, "high": 1, "low": 0}
    assert value(metrics, "leader_present") == 0
    claim = Claim("schedules")
    assert claim.lead()
    metrics = scrape()
    assert value(metrics, "leader_present") == 1
    assert value(metrics, "leader_fence") == claim.fence == Leadership.objects.get().fence


def test_gauges_tell_how_far_subscribers_have_come(scrape: Scraping) -> None:
    plain_type()
    MetricsHandler().create()
    tasks_core.enqueue(PLAIN, {})
    metrics = scrape()
    assert value(metrics, "event_subscription_lag_seconds", subscription="metrics") > 0
    assert value(metrics, "event_subscription_parked", subscription="metrics") == 0
    count_all()
    assert value(scrape(), "event_subscription_lag_seconds", subscription="metrics") == 0


def test_a_scrape_asks_the_same_number_of_questions_however_much_there_is(
    prometheus: Client,
) -> None:
    plain_type()
    MetricsHandler().create()

    def questions() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert prometheus.get("/metrics", secure=True).status_code == 200
        return len(queries)

    few = questions()
    for name in ("one", "two", "three"):
        tasks_core.enqueue_many(PLAIN, [{}] * 100, queue_name=name)
    count_all()
    Sampler().sample()
    assert questions() == few <= 13


@pytest.mark.parametrize("sql", [LANES, SUBSCRIPTIONS])
def test_no_question_reads_all_tasks_or_events(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")  # of empty tables it would be the cheapest
        cursor.execute(f"EXPLAIN {sql}")
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert not re.search(r"Seq Scan on tasks_core_task(event)?\b", plan)
    assert "Limit" in plan


def test_types_that_nobody_registers_share_a_label_beyond_a_number(scrape: Scraping) -> None:
    plain_type()
    MetricsHandler().create()
    rows = [
        MetricTotal(task_type=f"gone.n{n}", measure="scheduled", bucket=-1, count=2, amount=0)
        for n in range(500)
    ]
    MetricTotal.objects.bulk_create(rows)
    for n in range(100):
        tasks_core.enqueue(PLAIN, {}, queue_name=f"queue{n}")
    count_all()
    Sampler().sample()
    metrics = scrape()
    own = {label for label in label_values(metrics, "task_type") if label.startswith("gone.")}
    assert own == {f"gone.n{n}" for n in range(20)}
    assert value(metrics, "tasks_scheduled_total", task_type="other") == 2 * 480
    assert value(metrics, "tasks_scheduled_total", task_type=PLAIN) == 100
    queues = {q for q in label_values(metrics, "queue") if q.startswith("queue")}
    assert len(queues) <= 40
    assert "other" in label_values(metrics, "queue")


def test_the_other_types_rise_together_and_never_fall(scrape: Scraping) -> None:
    before = 0.0
    for n in range(60):
        MetricTotal.objects.create(
            task_type=f"gone.{60 - n}", measure="scheduled", bucket=-1, count=1, amount=0
        )
        if n >= 20:
            now = value(scrape(), "tasks_scheduled_total", task_type="other")
            assert now == before + 1
            before = now


def test_no_label_holds_an_id_a_key_or_an_address(scrape: Scraping) -> None:
    plain_type()
    tasks_core.enqueue(PLAIN, {"to": "a@example.com"}, idempotency_key="k-123")
    count_all()
    Sampler().sample()
    labels = {
        name for family in scrape().values() for sample in family.samples for name in sample.labels
    }
    assert labels == {
        *(
            "task_type",
            "queue",
            "priority",
            "state",
            "le",
            "subscription",
            "part",
            "kind",
            "channel",
            "outcome",
        ),
    }


@pytest.mark.usefixtures("no_broker")
def test_without_a_broker_only_what_it_knows_is_missing(scrape: Scraping) -> None:
    metrics = scrape()
    assert "broker_backlog_messages" not in metrics
    assert value(metrics, "bellringer_scrape_error", part="broker") == 1
    assert value(metrics, "bellringer_scrape_error", part="totals") == 0
    assert "active_workers" in metrics


def test_an_app_adds_a_part_and_one_that_fails_leaves_the_others(
    scrape: Scraping, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(parts, "_parts", dict(parts._parts))

    def broken() -> list[Metric]:
        raise RuntimeError("no numbers today")

    add_metrics("mine", lambda: [GaugeMetricFamily("my_gauge", "mine", value=7)])
    add_metrics("broken", broken)
    with caplog.at_level(logging.CRITICAL):
        metrics = scrape()
    assert value(metrics, "my_gauge") == 7
    assert value(metrics, "bellringer_scrape_error", part="broken") == 1
    with pytest.raises(ValueError, match="choose another name"):
        add_metrics("mine", broken)


def test_it_speaks_openmetrics_to_whoever_asks_for_it(prometheus: Client) -> None:
    plain_type()
    bring_to(State.SUCCEEDED)
    count_all()
    accept = "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5"
    response = prometheus.get("/metrics", secure=True, headers={"accept": accept})
    assert response.headers["Content-Type"].startswith("application/openmetrics-text; version=1")
    text = response.content.decode()
    families = {f.name for f in text_string_to_metric_families(text)}  # type: ignore[no-untyped-call]
    assert {"tasks_scheduled", "task_execution_duration_ms", "leader_present"} <= families
    plain = prometheus.get("/metrics", secure=True)
    assert plain.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in plain.headers["Cache-Control"]


@pytest.mark.usefixtures("people", "prometheus")
@pytest.mark.parametrize(
    "authorization",
    ["", "Bearer", "Bearer wrong", f"Basic {TOKEN}", TOKEN, f"Bearer {TOKEN}x", "Bearer é"],
)
def test_strangers_learn_nothing(authorization: str) -> None:
    headers = {"authorization": authorization} if authorization else {}
    response = Client(headers=headers).get("/metrics", secure=True)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert b"tasks_" not in response.content


@pytest.mark.usefixtures("people")
def test_without_a_token_configured_no_token_is_right(settings: Settings) -> None:
    settings.DEBUG = False
    settings.BELLRINGER = {**settings.BELLRINGER, "METRICS_TOKEN": ""}
    for authorization in ("Bearer ", "Bearer", "Bearer None"):
        client = Client(headers={"authorization": authorization})
        assert client.get("/metrics", secure=True).status_code == 401


@pytest.mark.usefixtures("people", "prometheus")
def test_staff_need_the_permission_to_view_tasks() -> None:
    assert _staff().get("/metrics", secure=True).status_code == 403
    User.objects.all().delete()
    assert _staff("view_task").get("/metrics", secure=True).status_code == 200


def test_development_is_open_to_this_machine_alone(settings: Settings) -> None:
    settings.DEBUG = True
    assert Client(REMOTE_ADDR="127.0.0.1").get("/metrics", secure=True).status_code == 200
    assert Client(REMOTE_ADDR="10.1.2.3").get("/metrics", secure=True).status_code == 401


def test_it_is_read_and_nothing_else(prometheus: Client) -> None:
    assert prometheus.head("/metrics", secure=True).content == b""
    for method in ("post", "put", "delete", "patch"):
        assert getattr(prometheus, method)("/metrics", secure=True).status_code == 405


def test_it_is_read_over_plain_http_as_a_neighbour_does(
    prometheus: Client, settings: Settings
) -> None:
    settings.SECURE_SSL_REDIRECT = True
    assert prometheus.get("/metrics").status_code == 200


def test_subscribers_that_are_gone_share_a_label_beyond_a_number(scrape: Scraping) -> None:
    from tasks_core.events.cursor import create

    for n in range(100):
        create(f"gone-{n}", from_beginning=False, now=clock.now())
        forget(f"gone-{n}")
    assert len(label_values(scrape(), "subscription")) == 21
