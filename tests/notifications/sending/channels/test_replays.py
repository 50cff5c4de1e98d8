"""Replays keep to the receiver's rate, and what must not be sent again is refused."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command

import tasks_core
from notifications.api import (
    Message,
    cancel,
    disable_endpoint,
    enable_endpoint,
    notify,
    notify_many,
)
from notifications.message_templates.compiled import compiled_version
from notifications.models import Delivery, Endpoint, Notification, Provider, TemplateVersion
from notifications.rules.gcra import SLACK_SECONDS
from notifications.sending.endpoint_lanes.release import wake_waiting
from tasks_core import clock
from tasks_core.exceptions import ReplayRefused
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.notifications.sending.channels.test_sms import refused
from tests.notifications.sending.conftest import add_gateway
from tests.notifications.sending.endpoint_lanes.test_lanes import DELIVER, finish, start
from tests.support.first_step import ahead_of_time
from tests.support.receiver import Receiver, Reply
from tests.support.waiting import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=7)]

MANY = 1_000
GOOD = {"number": 7, "name": "Ada", "amount": "12.5"}
STEP = SLACK_SECONDS
WEBHOOK, SMS = DELIVER, "notification.deliver.sms"


def carry_out(task_type: str) -> None:
    """Do all that is due as workers do, many at once."""
    wake_waiting()
    start(task_type)
    finish()


def carry_out_all(task_type: str, many: int) -> None:
    """Let so many fail; on a slow machine those behind others are given back, and come again."""

    def all_failed() -> bool:
        carry_out(task_type)
        return DeadLetter.objects.count() == many

    wait_until(all_failed, seconds=120, what=f"{many} deliveries have failed")


def replay_all(task_type: str) -> None:
    call_command("replay_dead_letters", "--type", task_type, stdout=StringIO())


def most_in_a_second(receiver: Receiver, task_type: str, *, seconds: int) -> int:
    """Let time go by in steps; return how many requests the server got in its busiest second."""
    begin, counts = clock.now(), []
    for step in range(round(seconds / STEP)):
        before = len(receiver.received)
        with clock.frozen(begin + timedelta(seconds=step * STEP)):
            carry_out(task_type)
        counts.append(len(receiver.received) - before)
    window = round(1 / STEP)
    return max(sum(counts[at : at + window]) for at in range(len(counts)))


@pytest.mark.endurance
@pytest.mark.timeout(600)
def test_a_thousand_replays_reach_an_endpoint_at_its_rate(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    rate = 200
    disable_endpoint(endpoint.pk, reason="maintenance")
    messages = [Message(to=endpoint, context={"id": str(n), "order": {}}) for n in range(MANY)]
    notify_many("payment.settled", messages)
    carry_out_all(WEBHOOK, MANY)
    assert receiver.received == []
    enable_endpoint(endpoint.pk)
    Endpoint.objects.update(rate_limit=rate, max_concurrency=500)
    replay_all(WEBHOOK)
    busiest = most_in_a_second(receiver, WEBHOOK, seconds=6)
    assert 0.8 * rate <= busiest <= rate * (1 + SLACK_SECONDS) + 1
    assert len(receiver.received) == MANY
    assert len({one.headers["webhook-id"] for one in receiver.received}) == MANY
    assert Notification.objects.filter(state="sent").count() == MANY


@pytest.mark.timeout(600)
def test_replays_reach_a_provider_at_its_rate(
    paid_sms: TemplateVersion, gateway: Provider, receiver: Receiver
) -> None:
    many, rate = 200, 25
    receiver.plan(*[refused(21612)] * many)
    numbers = [f"+49151{12345000 + n}" for n in range(many)]
    notify_many(
        "paid", [Message(to=number, context={"name": "Ada", "amount": 5}) for number in numbers]
    )
    carry_out_all(SMS, many)
    assert len(receiver.received) == many
    add_gateway(receiver, rate_limit=rate)
    replay_all(SMS)
    busiest = most_in_a_second(receiver, SMS, seconds=10)
    assert 0.8 * rate <= busiest <= rate * (1 + SLACK_SECONDS) + 1
    assert len(receiver.received) == 2 * many
    assert Notification.objects.filter(state="sent").count() == many


def pay(endpoint: Endpoint) -> DeadLetter:
    """Let a payment that lives for five minutes fail for good."""
    notify(
        "payment.settled",
        to=endpoint,
        context={"id": "1", "order": {}},
        expires_at=clock.now() + timedelta(minutes=5),
    )
    run_due()
    return DeadLetter.objects.get()


def refused_replay(letter: DeadLetter, words: str) -> None:
    """Replay it, and see that this was refused in these words and left nothing behind."""
    tasks = Task.objects.count()
    with pytest.raises(ReplayRefused, match=words):
        tasks_core.replay(letter.pk)
    with pytest.raises(ReplayRefused, match=words):
        tasks_core.enqueue_again(letter.task_id)
    letter.refresh_from_db()
    assert (letter.resolution, Task.objects.count()) == ("", tasks)


def test_a_replay_after_expiry_is_refused_and_sends_nothing(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(404))
    letter = pay(endpoint)
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        refused_replay(letter, r"it expired at .* UTC; discard .* send a new notification")
        run_due()
    assert len(receiver.received) == 1
    assert Delivery.objects.get().state == "failed"


def test_a_replay_that_expires_before_its_turn_sends_nothing(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(404))
    letter = pay(endpoint)
    tasks_core.replay(letter.pk)
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        run_due()
    assert len(receiver.received) == 1
    assert Delivery.objects.get().state == "failed"
    latest = DeadLetter.objects.latest("pk")
    assert "it has expired; send a new notification" in latest.message


def test_a_replay_of_a_one_time_code_is_refused_and_sends_nothing(
    code_sms: TemplateVersion, gateway: Provider, receiver: Receiver
) -> None:
    receiver.plan(refused(21612))
    notify(
        "one-time-code",
        to="+4915112345678",
        secret_context={"code": "918273"},
        category="otp",
        expires_at=clock.now() + timedelta(minutes=5),
    )
    run_due()
    refused_replay(DeadLetter.objects.get(), "its secret values were wiped when it failed")
    run_due()
    assert len(receiver.received) == 1


def test_a_message_that_could_not_be_written_is_not_replayed(receipt: TemplateVersion) -> None:
    with ahead_of_time() as soon:
        notification = notify("receipt", to="ada@example.com", context=GOOD, run_after=soon)
    TemplateVersion.objects.filter(pk=receipt.pk).update(text="{{ nothing }}")
    compiled_version.cache_clear()
    run_due()
    notification.refresh_from_db()
    assert notification.state == "failed"
    letter = DeadLetter.objects.get()
    assert letter.task_type == "notification.render"
    refused_replay(letter, "put the template right, discard the dead letter and, if")


def test_a_notification_that_has_ended_does_not_begin_again(receipt: TemplateVersion) -> None:
    with ahead_of_time() as soon:
        notification = notify("receipt", to="ada@example.com", context=GOOD, run_after=soon)
    cancel(notification.pk, reason="paid")
    task = Task.objects.get(task_type="notification.schedule")
    run_due()
    with pytest.raises(ReplayRefused, match="is cancelled and does not begin again"):
        tasks_core.enqueue_again(task.pk)


def test_what_is_gone_is_not_replayed(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(404))
    letter = pay(endpoint)
    delivery = Delivery.objects.get()
    Notification.objects.all().delete()
    refused_replay(letter, f"delivery {delivery.pk} is gone; discard the dead letter")


def test_what_was_sent_in_another_way_is_not_sent_again(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(404))
    letter = pay(endpoint)
    Notification.objects.update(state="sent")  # as by a fallback
    refused_replay(letter, "its notification is sent already; discard the dead letter")
