"""When the next attempt comes: what the receiver asked for, in both forms, and never all at once."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

import tasks_core
from notifications.api import Message, notify, notify_many
from notifications.models import Delivery, DeliveryAttempt, Endpoint, Notification, TemplateVersion
from notifications.sending.endpoint_lanes.release import wake_waiting
from tasks_core import clock
from tasks_core.exceptions import ReplayRefused
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)

GOOD: dict[str, Any] = {"id": "p1", "order": {}}


def in_seconds(begin: datetime) -> str:
    return "7"


def as_a_date(begin: datetime) -> str:
    return format_datetime(begin + timedelta(seconds=7), usegmt=True)


def run_all() -> None:
    wake_waiting()
    while run_due():
        wake_waiting()


@pytest.mark.guarantee(n=6)
@pytest.mark.parametrize("form", [in_seconds, as_a_date])
@pytest.mark.parametrize("status", [503, 429, 500, 408])
def test_retry_after_7_means_7_to_14_seconds_in_both_forms(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    form: Callable[[datetime], str],
    status: int,
) -> None:
    begin = clock.now().replace(microsecond=0)
    receiver.plan(Reply(status, {"Retry-After": form(begin)}))
    with clock.frozen(begin):
        notify("payment.settled", to=endpoint, context=GOOD)
        run_all()
    assert len(receiver.received) == 1
    with clock.frozen(begin + timedelta(seconds=6.9)):
        run_all()
    assert len(receiver.received) == 1
    with clock.frozen(begin + timedelta(seconds=14)):
        run_all()
    assert len(receiver.received) == 2
    assert Notification.objects.get().state == "sent"


@pytest.mark.guarantee(n=6)
def test_those_who_were_told_the_same_do_not_come_back_at_the_same_instant(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(*[Reply(503, {"Retry-After": "400"})] * 20)
    notify_many("payment.settled", [Message(to=endpoint, context=GOOD) for _ in range(20)])
    run_all()
    starts = set(Task.objects.unfinished().values_list("run_after", flat=True))
    assert len(starts) > 10


@pytest.mark.guarantee(n=6)
@pytest.mark.parametrize(("silent", "outcome"), [(True, "ambiguous"), (False, "transient")])
def test_what_may_have_arrived_is_told_from_what_has_not_and_comes_again_under_its_own_id(
    paid: TemplateVersion,
    endpoint: Endpoint,
    receiver: Receiver,
    allow_loopback: dict[str, Any],
    silent: bool,
    outcome: str,
) -> None:
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 0.3
    url = endpoint.url
    if silent:
        receiver.plan(Reply(hold=(release := threading.Event())))
    else:
        Endpoint.objects.update(url="http://127.0.0.1:1/")
    notify("payment.settled", to=endpoint, context=GOOD)
    run_due()
    if silent:
        release.set()
    assert DeliveryAttempt.objects.get().outcome == outcome
    Endpoint.objects.update(url=url)
    allow_loopback["OUTGOING_TOTAL_TIMEOUT"] = 20.0
    with clock.frozen(clock.now() + timedelta(hours=1)):
        run_all()
    ids = {seen.headers["webhook-id"] for seen in receiver.received}
    assert ids == {f"msg_{Delivery.objects.get().message_id}"}
    assert Notification.objects.get().state == "sent"


@pytest.mark.guarantee(n=7)
def test_replayed_dead_letters_come_no_faster_than_their_endpoint_takes_them(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    count, rate = 25, 10
    receiver.plan(*[Reply(400)] * count)
    notify_many("payment.settled", [Message(to=endpoint, context=GOOD) for _ in range(count)])
    run_all()
    assert DeadLetter.objects.count() == len(receiver.received) == count
    first_ids = {seen.headers["webhook-id"] for seen in receiver.received}
    receiver.received.clear()
    Endpoint.objects.update(rate_limit=rate)
    for letter in DeadLetter.objects.all():
        tasks_core.replay(letter.pk)
    begin = clock.now()
    for step in range(45):
        with clock.frozen(begin + timedelta(seconds=step / 10)):
            run_all()
        assert len(receiver.received) <= 1 + rate * (step / 10 + 0.05)
    assert len(receiver.received) == count
    assert {seen.headers["webhook-id"] for seen in receiver.received} == first_ids
    assert Notification.objects.filter(state="sent").count() == count


@pytest.mark.guarantee(n=7)
def test_a_replay_after_the_message_has_expired_sends_nothing(
    paid: TemplateVersion, endpoint: Endpoint, receiver: Receiver
) -> None:
    receiver.plan(Reply(400))
    notify(
        "payment.settled",
        to=endpoint,
        context=GOOD,
        expires_at=clock.now() + timedelta(minutes=5),
    )
    run_all()
    letter = DeadLetter.objects.get()
    with clock.frozen(clock.now() + timedelta(minutes=6)):
        with pytest.raises(ReplayRefused, match="send a new notification"):
            tasks_core.replay(letter.pk)
        run_all()
    assert len(receiver.received) == 1
    assert Notification.objects.get().state == "failed"
    assert DeadLetter.objects.get().resolution == ""
