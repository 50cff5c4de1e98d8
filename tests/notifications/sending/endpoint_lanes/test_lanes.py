"""Guarantee 10: a lane for each endpoint, so that no receiver holds up the others."""

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from notifications.api import (
    Message,
    cancel,
    disable_endpoint,
    enable_endpoint,
    notify_many,
    publish_template,
    register_endpoint,
)
from notifications.channel_api.sendable import Sendable
from notifications.exceptions import InvalidEndpoint, InvalidNotification
from notifications.models import (
    Delivery,
    DeliveryAttempt,
    Endpoint,
    EndpointLane,
    Notification,
    TemplateVersion,
)
from notifications.sending.endpoint_lanes.admission import admit_deliveries
from notifications.sending.endpoint_lanes.parking import SHORTEST_PATIENCE
from notifications.sending.endpoint_lanes.release import wake_waiting
from notifications.sending.pipeline.lanes import Asked, begin_in_lanes
from notifications.signals import endpoint_disabled
from tasks_core import clock
from tasks_core.duties.recovery import recover_attempts
from tasks_core.models import Task
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.testing import run_due
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.support.life import LEASE, queue, take
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply, running_receiver
from tests.support.threads import at_once
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=10)]

DELIVER = "notification.deliver.webhook"


def send(endpoint: Endpoint, count: int = 1, **options: Any) -> list[Notification]:
    messages = [
        Message(to=endpoint, context={"id": str(n), "order": {}}, **options) for n in range(count)
    ]
    return notify_many("payment.settled", messages)


def start(task_type: str = DELIVER) -> None:
    """Begin what is due as one message, as a worker does, and do not wait for it."""
    now = clock.now()
    lanes = [(lane, 1_000) for lane in waiting_lanes() if lane.first_run_after <= now]
    tasks = take_due(lanes, [task_type], now=now) if lanes else []
    if tasks:
        execute(task_type, [task.id for task in tasks], worker="test")


def finish() -> None:
    process = worker_process.current()
    assert process.loop.wait_until_idle(seconds=30)
    process.outcomes.flush()


def run() -> None:
    start()
    finish()


def run_all() -> None:
    """Run until nothing is due any more; beat wakes what there is room for meanwhile."""
    wake_waiting()
    while run_due():
        wake_waiting()


@contextmanager
def ahead(**by: float) -> Iterator[None]:
    with clock.frozen(clock.now() + timedelta(**by)):
        yield


def change(endpoint: Endpoint, **limits: Any) -> None:
    Endpoint.objects.filter(pk=endpoint.pk).update(**limits)


def waiting_tasks() -> list[Task]:
    return list(Task.objects.filter(task_type=DELIVER).unfinished().order_by("id"))


def ids_of(receiver: Receiver) -> list[str]:
    return [json.loads(seen.body)["data"]["id"] for seen in receiver.received]


@pytest.fixture
def dead_url(allow_loopback: dict[str, Any]) -> str:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{unused.getsockname()[1]}/"


def test_no_more_are_under_way_than_the_endpoint_takes_and_none_uses_up_an_attempt(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    change(endpoint, max_concurrency=3)
    release = threading.Event()
    receiver.plan(*[Reply(hold=release)] * 3)
    send(endpoint, 12)
    start()
    wait_until(lambda: receiver.under_way == 3)
    assert Task.objects.filter(task_type=DELIVER, state="RUNNING").count() >= 3
    release.set()
    finish()
    run_all()
    assert len(set(ids_of(receiver))) == len(receiver.received) == 12
    assert receiver.most_at_once == 3
    assert Notification.objects.filter(state="sent").count() == 12
    assert DeliveryAttempt.objects.count() == 12
    used = [t.attempts - t.attempts_returned for t in Task.objects.filter(task_type=DELIVER)]
    assert used == [1] * 12


def test_a_hanging_endpoint_does_not_hold_up_another(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 100.0
    release = threading.Event()
    receiver.plan(*[Reply(hold=release)] * 500)
    with running_receiver() as healthy:
        other = register_endpoint("healthy", healthy.url, max_concurrency=100)
        try:
            for _ in range(5):
                send(endpoint, 60)
                send(other, 20)
            start()
            wait_until(lambda: len(set(ids_of(healthy))) == 20 and len(healthy.received) == 100)
            assert receiver.under_way == len(receiver.received) == 20
        finally:
            release.set()
        finish()


def test_what_waits_for_room_sleeps_until_it_is_woken(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    change(endpoint, max_concurrency=1)
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    send(endpoint, 3)
    start()
    wait_until(lambda: receiver.under_way == 1)
    wait_until(lambda: Task.objects.filter(task_type=DELIVER, state="SCHEDULED").count() == 2)
    sleeping = Task.objects.filter(task_type=DELIVER, state="SCHEDULED")
    assert all((t.run_after - clock.now()).total_seconds() > 50 for t in sleeping)
    release.set()
    finish()
    due = [t for t in waiting_tasks() if t.run_after <= clock.now()]
    assert len(due) == 1


def test_places_of_a_lost_worker_come_free(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    change(endpoint, max_concurrency=2)
    send(endpoint, 4)
    first, second, *_ = Delivery.objects.order_by("id").values_list("pk", flat=True)
    assert admit_deliveries({first: 1, second: 2}).waits == {}  # and the worker dies
    start()
    finish()
    assert receiver.received == []
    with ahead(seconds=60):
        assert wake_waiting() == 1
        run_all()
    assert len(receiver.received) == 4


def claimed(worker: str) -> list[tuple[int, int]]:
    """Claim what is due, as a worker process does; give the deliveries with their tasks."""
    tasks = take(queue(), task_type=DELIVER, worker=worker)
    return [(task.payload["delivery"], task.id) for task in tasks]


def begun(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Begin attempts; give those that had room, and put the others to sleep."""
    answers = begin_in_lanes([Asked(*pair) for pair in pairs], {})
    rest = [
        pair[1] for pair, one in zip(pairs, answers, strict=True) if not isinstance(one, Sendable)
    ]
    Task.objects.filter(pk__in=rest).update(
        state="SCHEDULED", run_after=clock.now() + timedelta(hours=1), lease_until=None, worker=""
    )
    return [pair for pair in pairs if pair[1] not in rest]


def test_places_of_a_process_come_free_as_soon_as_it_is_seen_to_have_ended(
    paid: TemplateVersion, endpoint: Endpoint, allow_loopback: dict[str, Any]
) -> None:
    """And not when the longest attempt would have ended."""
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 600.0
    change(endpoint, max_concurrency=3)
    send(endpoint, 5)
    lost = begun(claimed("w1:1"))
    assert len(lost) == 3
    with ahead(seconds=LEASE.total_seconds() + 1):
        assert recover_attempts() == 3
        lane = EndpointLane.objects.get(endpoint=endpoint)
        assert lane.taken == {}
        due = Task.objects.filter(task_type=DELIVER, run_after__lte=clock.now())
        told = due.exclude(pk__in=[task_id for _, task_id in lost])
        assert told.count() == 2, "those that had waited"
    for attempt in DeliveryAttempt.objects.all():
        assert (attempt.outcome, attempt.finished_at is not None) == ("ambiguous", True)
        assert "the worker was lost" in attempt.error


def test_places_of_others_stay_taken_when_a_process_is_seen_to_have_ended(
    paid: TemplateVersion, endpoint: Endpoint, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 600.0
    change(endpoint, max_concurrency=3)
    send(endpoint, 1)
    begun(claimed("w1:1"))
    send(endpoint, 2)
    alive = begun(claimed("w1:2"))
    with ahead(seconds=LEASE.total_seconds() + 1):
        Task.objects.filter(worker="w1:2").update(lease_until=clock.now() + LEASE)
        assert recover_attempts() == 1
        assert sum(EndpointLane.objects.get(endpoint=endpoint).taken.values()) == len(alive) == 2
    assert DeliveryAttempt.objects.filter(finished_at=None).count() == 2


def test_places_for_which_nothing_had_begun_come_free_with_their_process_too(
    paid: TemplateVersion, endpoint: Endpoint, allow_loopback: dict[str, Any]
) -> None:
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 600.0
    change(endpoint, max_concurrency=2)
    send(endpoint, 2)
    assert admit_deliveries(dict(claimed("w1:1"))).waits == {}  # and the process dies
    with ahead(seconds=LEASE.total_seconds() + 1):
        assert recover_attempts() == 2
        assert EndpointLane.objects.get(endpoint=endpoint).taken == {}
    assert not DeliveryAttempt.objects.exists()


def test_workers_that_begin_at_the_same_time_share_the_places(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    change(endpoint, max_concurrency=7)
    send(endpoint, 40)
    deliveries = list(Delivery.objects.values_list("pk", flat=True))
    shares = [deliveries[n::4] for n in range(4)]

    def admitted(number: int) -> int:
        share = shares[number]
        return len(share) - len(admit_deliveries({pk: pk for pk in share}).waits)

    assert sum(at_once(4, admitted)) == 7
    assert EndpointLane.objects.get().has_parked


def test_the_breaker_opens_for_all_and_a_probe_closes_it(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver, dead_url: str
) -> None:
    change(endpoint, url=dead_url, breaker_threshold=3, max_concurrency=1)
    send(endpoint, 8)
    with ahead(seconds=0):
        run_all()
        lane = EndpointLane.objects.get()
        assert (lane.breaker, lane.failures) == ("open", 3)
        assert lane.last_error == "no connection: connection refused"
    assert DeliveryAttempt.objects.count() == 3
    change(endpoint, url=receiver.url)
    with ahead(seconds=20):
        wake_waiting()
        run_all()
        assert receiver.received == [], "the pause is not over"
    with ahead(seconds=40):
        wake_waiting()
        run_all()
    assert EndpointLane.objects.get().breaker == "closed"
    assert receiver.received != []
    with ahead(hours=1):
        wake_waiting()
        run_all()
    assert Notification.objects.filter(state="sent").count() == 8


def test_a_probe_that_fails_keeps_the_others_back(
    paid: TemplateVersion, endpoint: Endpoint, dead_url: str
) -> None:
    change(endpoint, url=dead_url, breaker_threshold=2, max_concurrency=1)
    send(endpoint, 6)
    run_all()
    assert DeliveryAttempt.objects.count() == 2
    with ahead(seconds=31):
        wake_waiting()
        run_all()
        wake_waiting()
        run_all()
        lane = EndpointLane.objects.get()
        assert lane.breaker_until is not None
        assert (lane.breaker, lane.openings) == ("open", 2)
        assert (lane.breaker_until - clock.now()).total_seconds() == 60
    assert DeliveryAttempt.objects.count() == 3


@pytest.mark.guarantee(n=6)
def test_retry_after_pauses_the_whole_lane_and_costs_the_others_nothing(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    change(endpoint, max_concurrency=1)
    receiver.plan(Reply(429, {"Retry-After": "40"}))
    send(endpoint, 3)
    run_all()
    assert len(receiver.received) == 1
    with ahead(seconds=35):
        wake_waiting()
        run_all()
        assert len(receiver.received) == 1
    with ahead(seconds=60):
        wake_waiting()
        run_all()
    assert Notification.objects.filter(state="sent").count() == 3
    used = [t.attempts - t.attempts_returned for t in Task.objects.filter(task_type=DELIVER)]
    assert used == [1] * 3


@pytest.mark.guarantee(n=6)
def test_503_with_retry_after_7_is_tried_again_7_to_14_seconds_later(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(503, {"Retry-After": "7"}))
    send(endpoint)
    begin = clock.now()
    with clock.frozen(begin):
        run_all()
    [task] = waiting_tasks()
    assert 7 <= (task.run_after - begin).total_seconds() <= 14
    with clock.frozen(begin + timedelta(seconds=6.9)):
        run_all()
    assert len(receiver.received) == 1
    with clock.frozen(begin + timedelta(seconds=14)):
        run_all()
    assert len(receiver.received) == 2


def test_a_rate_is_kept_to_by_giving_each_message_its_time(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    change(endpoint, rate_limit=5)
    send(endpoint, 11)
    begin = clock.now()
    with clock.frozen(begin):
        run()
    assert len(receiver.received) == 1
    for tenth in range(1, 31):
        with clock.frozen(begin + timedelta(seconds=tenth / 10)):
            run_all()
            assert len(receiver.received) <= 1 + (tenth / 10 + 0.05) * 5
    assert Notification.objects.filter(state="sent").count() == 11


def test_messages_with_one_order_key_arrive_one_after_the_other(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    for n in range(5):
        messages = [
            Message(to=endpoint, context={"id": f"{key}{n}", "order": {}}, order_key=key)
            for key in "abc"
        ]
        notify_many("payment.settled", messages)
    while Notification.objects.unfinished().exists():
        run()
    for key in "abc":
        seen = [one for one in ids_of(receiver) if one.startswith(key)]
        assert seen == [f"{key}{n}" for n in range(5)]


def test_a_message_that_fails_holds_up_its_own_key_only(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(500))
    send(endpoint, 3, order_key="a")
    run_all()
    assert ids_of(receiver) == ["0"]
    send(endpoint, 2, order_key="b")
    run_all()
    assert ids_of(receiver) == ["0", "0", "1"]
    with ahead(hours=1):
        run_all()
    assert ids_of(receiver)[3:] == ["0", "1", "2"]


def test_a_message_that_ends_without_success_holds_up_nobody_any_more(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(404))
    notifications = send(endpoint, 3, order_key="a")
    run_all()
    assert ids_of(receiver) == ["0", "1", "2"]
    states = dict(Notification.objects.values_list("pk", "state"))
    assert [states[one.pk] for one in notifications] == ["failed", "sent", "sent"]


def test_the_next_in_order_is_woken_at_once_when_an_earlier_one_is_cancelled(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(500))
    first, _second = send(endpoint, 2, order_key="a")
    run_all()
    assert ids_of(receiver) == ["0"]
    cancel(first.pk, reason="no longer true")
    run_all()
    assert ids_of(receiver) == ["0", "1"]


def test_order_is_by_time_then_by_acceptance(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    for number, run_after in (("late", tomorrow), ("early", None)):
        message = Message(to=endpoint, context={"id": number, "order": {}}, order_key="a")
        notify_many("payment.settled", [message], run_after=run_after)
    run_all()
    assert ids_of(receiver) == ["early"]
    with ahead(days=2):
        run_all()
    assert ids_of(receiver) == ["early", "late"]


def test_an_order_key_is_for_webhooks(receipt: TemplateVersion) -> None:
    context = {"number": 1, "name": "Ada", "amount": "1"}
    with pytest.raises(InvalidNotification, match="order_key: is for webhooks"):
        notify_many("receipt", [Message(to="ada@example.com", context=context, order_key="a")])


@pytest.fixture
def heard() -> Iterator[list[tuple[int, str]]]:
    found: list[tuple[int, str]] = []

    def listen(*, endpoint_id: int, reason: str, **_: Any) -> None:
        found.append((endpoint_id, reason))

    endpoint_disabled.connect(listen)
    yield found
    endpoint_disabled.disconnect(listen)


def test_an_endpoint_with_only_failures_for_days_is_disabled_and_its_owner_told(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    mail_server: MailServer,
    heard: list[tuple[int, str]],
) -> None:
    publish_template(
        "endpoint-disabled", subject="{{ endpoint }} is off", text="{{ url }} {{ reason }}"
    )
    change(endpoint, owner_email="owner@merchant.example")
    receiver.plan(*[Reply(500)] * 100)
    send(endpoint)
    run_all()
    with ahead(days=4, hours=23):
        send(endpoint)
        run_all()
    assert Endpoint.objects.filter(enabled=True).exists()
    with ahead(days=5, hours=2):
        wake_waiting()
        run_all()
    endpoint.refresh_from_db()
    assert not endpoint.enabled
    reason = "only failures for 5 days; the last one: the endpoint answered 500"
    assert endpoint.disabled_reason == reason
    assert heard == [(endpoint.pk, reason)]
    [mail] = mail_server.messages
    assert (mail["To"], mail["Subject"]) == ("owner@merchant.example", "merchant is off")


def test_what_waits_for_an_endpoint_that_is_disabled_fails_at_once(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    change(endpoint, breaker_threshold=1)
    receiver.plan(Reply(500))
    sent = send(endpoint, 3)
    run_all()
    assert Delivery.objects.filter(parked_for="lane").unfinished().count() >= 2
    disable_endpoint(endpoint.pk, reason="the shop has closed")
    with ahead(seconds=5):  # parked, they would sleep for a minute
        run_all()
    found = Notification.objects.filter(pk__in=[one.pk for one in sent])
    assert {(one.state, one.reason) for one in found} == {
        ("failed", "the endpoint is disabled: the shop has closed")
    }
    assert not EndpointLane.objects.get().has_parked
    assert len(receiver.received) == 1


def test_enabling_holds_nothing_against_an_endpoint(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    change(endpoint, breaker_threshold=1)
    receiver.plan(Reply(500))
    send(endpoint)
    run_all()
    disable_endpoint(endpoint.pk, reason="maintenance")
    enable_endpoint(endpoint.pk)
    lane = EndpointLane.objects.get()
    assert (lane.breaker, lane.failing_since, lane.breaker_until) == ("closed", None, None)


@pytest.mark.guarantee(n=9)
def test_a_gone_endpoint_is_announced(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    heard: list[tuple[int, str]],
) -> None:
    receiver.plan(Reply(410))
    send(endpoint, 2)
    run_all()
    assert heard == [(endpoint.pk, "the endpoint answered 410: it is gone for good")]


def test_a_message_that_expires_while_it_waits_for_room_is_not_sent(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    change(endpoint, rate_limit=0.01)
    send(endpoint, 2, expires_at=clock.now() + timedelta(seconds=30))
    run_all()
    assert len(receiver.received) == 1
    with ahead(minutes=5):
        run_all()
    assert len(receiver.received) == 1


def test_the_more_are_parked_the_longer_each_sleeps(
    paid: TemplateVersion, endpoint: Endpoint
) -> None:
    send(endpoint, 300)
    EndpointLane.objects.create(endpoint=endpoint, paused_until=clock.now() + timedelta(hours=1))
    run()
    naps = [(task.run_after - clock.now()).total_seconds() for task in waiting_tasks()]
    assert len(naps) == 300
    assert SHORTEST_PATIENCE < max(naps) <= SHORTEST_PATIENCE + 300 * 0.05


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_concurrency", 0),
        ("rate_limit", 0),
        ("breaker_threshold", 0),
        ("breaker_pause", 0),
        ("owner_email", "nobody"),
        ("owner_email", "root@[169.254.169.254]"),
    ],
)
def test_limits_that_make_no_sense_are_refused(db: None, field: str, value: Any) -> None:
    with pytest.raises(InvalidEndpoint, match=f"^{field}: "):
        register_endpoint("merchant", "https://merchant.example/", **{field: value})
