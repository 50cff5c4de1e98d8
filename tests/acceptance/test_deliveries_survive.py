"""Deliveries with real workers: killed in the middle of a send, and two at the same rows."""

import threading
import time
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest
import redis
from django.conf import settings as project

from notifications.api import Message, notify, notify_many, publish_template, register_endpoint
from notifications.models import Delivery, DeliveryAttempt, Notification
from tasks_core import clock
from tasks_core.models import Task
from tests.acceptance.processes import SETTINGS, Processes, kill_tree
from tests.acceptance.searching import whole_broker
from tests.notifications.sending.channels.scripted_mail_server import (
    HANG,
    ScriptedMailServer,
    serving,
)
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.acceptance, pytest.mark.timeout(300)]

LEASE = float(SETTINGS["BELLRINGER_LEASE_SECONDS"])


@pytest.mark.guarantee(n=1)
def test_a_worker_killed_in_the_middle_of_a_send_is_followed_by_exactly_one_more_attempt(
    mailing: Processes, mail_server: MailServer, receiver: Receiver
) -> None:
    publish_template("hello", subject="Hello", text="Hello {{ name }}.")
    publish_template("paid", channel="webhook", text='{"id": {{ id }} }')
    endpoint = register_endpoint("merchant", receiver.url)
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    mail_server.silent_for = 300.0
    mailing.start_beat()
    worker = mailing.start_worker("first")
    notify("hello", to="ada@example.com", context={"name": "Ada"})
    notify("paid", to=endpoint, context={"id": "p1"})
    wait_until(lambda: receiver.received and mail_server.recipients, seconds=60)

    kill_tree(worker)
    killed = time.monotonic()
    worker.wait(60)
    mail_server.silent_for = 0.0
    release.set()
    wait_until(lambda: not Task.objects.filter(state="RUNNING").exists(), seconds=60)
    assert time.monotonic() - killed < LEASE + 15, "the claim ends with its lease"

    mailing.start_worker("second")
    wait_until(lambda: not Notification.objects.unfinished().exists(), seconds=120)
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60)
    assert {d.state for d in Delivery.objects.all()} == {"sent"}
    for delivery in Delivery.objects.all():
        outcomes = delivery.attempt_log.order_by("number").values_list("outcome", flat=True)
        assert list(outcomes) == ["ambiguous", "success"], delivery.channel
    assert not DeliveryAttempt.objects.filter(finished_at=None).exists()
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    [mail] = mail_server.messages  # the first was cut off before it was taken
    assert str(Delivery.objects.get(channel="email").message_id) in str(mail["Message-ID"])


@pytest.mark.guarantee(n=1)
def test_a_worker_killed_between_mails_that_are_under_way_together_leaves_none_of_them_behind(
    process_environment: dict[str, str], broker: "redis.Redis", tmp_path: Path
) -> None:
    publish_template("hello", subject="Hello {{ n }}", text="Hello.")
    server = ScriptedMailServer({("data", 4): HANG})
    with serving(server) as port:
        running = Processes(
            {**process_environment, "EMAIL_URL": f"smtp://127.0.0.1:{port}"}, tmp_path
        )
        try:
            notify_many(
                "hello", [Message(to=f"u{n}@example.com", context={"n": n}) for n in range(1, 9)]
            )
            running.start_beat()
            worker = running.start_worker("first")
            wait_until(lambda: ("data", 4) in server.steps, seconds=60)
            kill_tree(worker)
            worker.wait(60)
            wait_until(lambda: not Task.objects.filter(state="RUNNING").exists(), seconds=60)
            running.start_worker("second")
            wait_until(lambda: not Notification.objects.unfinished().exists(), seconds=120)
            wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60)
        finally:
            running.end_all()
    assert Delivery.objects.filter(state="sent").count() == 8
    assert not DeliveryAttempt.objects.filter(finished_at=None).exists()
    taken = Counter(server.subjects)
    for delivery in Delivery.objects.all():
        outcomes = list(delivery.attempt_log.order_by("number").values_list("outcome", flat=True))
        # What a killed worker was about is repeated and on record; nothing is repeated that is not.
        assert outcomes in (["success"], ["ambiguous", "success"])
        assert 1 <= taken[delivery.subject] <= len(outcomes)
    interrupted = DeliveryAttempt.objects.filter(outcome="ambiguous")
    subjects = interrupted.values_list("delivery__subject", flat=True)
    assert 1 in {taken[one] for one in subjects}, "one had been announced, and its content not sent"


@pytest.mark.guarantee(n=1)
def test_the_broker_holds_ids_alone_and_nothing_that_is_not_due(
    mailing: Processes, mail_server: MailServer, broker: "redis.Redis"
) -> None:
    publish_template("hello", subject="Hello", text="Hello {{ name }}.")
    later = notify(
        "hello",
        to="later@example.com",
        context={"name": "plugh-later"},
        run_after=clock.now() + timedelta(hours=5),
    )
    now = notify("hello", to="now@example.com", context={"name": "plugh-now"}).deliveries.get()
    mailing.start_beat()
    wait_until(lambda: Task.objects.filter(state="QUEUED").exists(), seconds=60)
    wait_until(lambda: "notification.deliver.email" in whole_broker(broker), seconds=60)
    held = whole_broker(broker)
    assert "plugh" not in held
    assert "example.com" not in held
    assert '"eta": null' in held.replace('\\"', '"')
    assert Task.objects.get(state="QUEUED").payload == {"delivery": now.pk}
    waiting = Task.objects.get(state="SCHEDULED")
    assert waiting.payload == {"notification": later.pk}


@pytest.mark.guarantee(n=2)
def test_a_thousand_messages_are_sent_a_thousand_times_by_two_workers_told_of_each_twice(
    mailing: Processes, mail_server: MailServer, broker: "redis.Redis"
) -> None:
    publish_template("hello", subject="Hello", text="Hello {{ name }}.")
    people = [Message(to=f"u{n}@example.com", context={"name": f"N{n}"}) for n in range(1_000)]
    notify_many("hello", people)
    mailing.start_beat()
    wait_until(lambda: Task.objects.filter(state="QUEUED").exists(), seconds=60)
    assert say_again(broker) > 0
    mailing.start_worker("one")
    mailing.start_worker("two")
    wanted = 200
    while Notification.objects.unfinished().exists():
        wait_until(lambda: len(mail_server.messages) >= wanted, seconds=120)  # noqa: B023
        say_again(broker)
        wanted = min(wanted + 200, 1_000)
        if wanted == 1_000:
            wait_until(lambda: not Notification.objects.unfinished().exists(), seconds=120)
    wait_until(lambda: not Task.objects.unfinished().exists(), seconds=60)

    received = Counter(str(mail["To"]) for mail in mail_server.messages)
    assert received == {f"u{n}@example.com": 1 for n in range(1_000)}
    assert Delivery.objects.filter(state="sent", attempts=1).count() == 1_000
    assert DeliveryAttempt.objects.filter(outcome="success", number=1).count() == 1_000
    assert DeliveryAttempt.objects.count() == 1_000


def say_again(broker: "redis.Redis") -> int:
    """Put every waiting message into its queue once more, as a redelivery does."""
    said = 0
    for key in broker.scan_iter(f"{project.KEY_PREFIX}*"):
        if broker.type(key) == b"list":
            for message in broker.lrange(key, 0, -1):
                if b"notification." in message:
                    broker.lpush(key, message)
                    said += 1
    return said
