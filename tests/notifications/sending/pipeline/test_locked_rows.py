"""Messages whose rows a stranger has locked wait; nobody else does, and nothing is sent twice."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from django.db import connection, transaction

from notifications.api import notify, publish_template
from notifications.broadcasts.creation import create_broadcast
from notifications.broadcasts.receiver import Receiver
from notifications.broadcasts.send_chunk import send_chunk
from notifications.broadcasts.upkeep import advance_broadcasts
from notifications.channel_api.sendable import Sendable
from notifications.models import (
    Broadcast,
    BroadcastChunk,
    Delivery,
    DeliveryAttempt,
    DeliveryTotal,
    Endpoint,
    Notification,
    TemplateVersion,
)
from notifications.rules.outcome import Outcome, SendResult
from notifications.sending.channels.inbox.channel import InboxChannel
from notifications.sending.endpoint_lanes.lost import follow_lost
from notifications.sending.endpoint_lanes.parking import LANE, Parked, park
from notifications.sending.pipeline.begin import begin, give_back
from notifications.sending.pipeline.fallback.advancing import advance
from notifications.sending.pipeline.record import StillLocked, record, record_patiently
from tasks_core import Snooze, clock
from tasks_core.database import bounded_locks
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.sending.pipeline.test_batches import run_batch, send, send_by_first_step
from tests.notifications.sending.pipeline.test_recording import begun, ends
from tests.notifications.test_metrics import send as send_webhooks
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver as WebhookReceiver
from tests.support.threads import Rival, in_own_connection
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


@contextmanager
def locked(table: str, pk: int) -> Iterator[None]:
    """Let somebody else keep a row locked during the block."""
    is_locked, may_end = threading.Event(), threading.Event()

    def lock() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"SELECT 1 FROM {table} WHERE id = %s FOR UPDATE", [pk])
            is_locked.set()
            assert may_end.wait(60)

    thread = threading.Thread(target=in_own_connection, args=[lock])
    thread.start()
    assert is_locked.wait(20)
    yield
    may_end.set()
    thread.join(20)


def let_it_be_due(task_type: str) -> None:
    """Let the task that is left be due now; it has used up no attempt."""
    task = Task.objects.get(task_type=task_type, state="SCHEDULED")
    assert task.attempts_used == 0
    Task.objects.filter(pk=task.pk).update(run_after=task.enqueued_at)


def test_a_message_that_is_locked_is_sent_later_and_the_others_at_once(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    held, *_ = send(3)
    with locked("notifications_delivery", Delivery.objects.get(notification=held).pk):
        run_batch("notification.deliver.email")
        assert len(mail_server.messages) == 2
    let_it_be_due("notification.deliver.email")
    run_due()
    assert len(mail_server.messages) == 3
    assert Notification.objects.filter(state="sent").count() == 3


@pytest.mark.parametrize("table", ["notifications_delivery", "notifications_notification"])
def test_the_end_of_an_attempt_waits_for_its_row_and_the_others_do_not(
    receipt: TemplateVersion, table: str
) -> None:
    attempts = ends(begun(3))
    delivery = Delivery.objects.get(pk=attempts[0].delivery_id)
    with locked(table, delivery.pk if "delivery" in table else delivery.notification_id):
        assert record(attempts) == attempts[:1]
        assert Notification.objects.filter(state="sent").count() == 2
    record_patiently(attempts[:1])
    assert Notification.objects.filter(state="sent").count() == 3
    assert DeliveryAttempt.objects.filter(outcome="success").count() == 3
    assert sum(DeliveryTotal.objects.values_list("count", flat=True)) == 3


def test_an_attempt_whose_row_stays_locked_does_not_wait_for_ever(
    receipt: TemplateVersion, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("notifications.sending.pipeline.record.PATIENCE_SECONDS", 0.3)
    [attempt] = ends(begun(1))
    with locked("notifications_delivery", attempt.delivery_id), pytest.raises(StillLocked):
        record_patiently([attempt])


def test_a_notification_that_is_locked_is_begun_later_and_the_others_at_once(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    held, *_ = send_by_first_step(3)
    with locked("notifications_notification", held.pk):
        run_batch("notification.schedule")
        assert Notification.objects.filter(state="in_progress").count() == 2
    let_it_be_due("notification.schedule")
    run_due()
    assert Notification.objects.filter(state="sent").count() == 3


def test_what_cannot_be_sent_waits_for_its_locked_row_alone(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    held, *_ = send_by_first_step(3)
    Notification.objects.filter(pk=held.pk).update(expires_at=held.created_at)
    with locked("notifications_notification", held.pk):
        run_batch("notification.schedule")
        assert Notification.objects.filter(state="in_progress").count() == 2
    let_it_be_due("notification.schedule")
    run_due()
    held.refresh_from_db()
    assert held.state == "expired"


def test_a_webhook_that_is_locked_is_sent_later_and_the_others_at_once(
    paid: TemplateVersion, endpoint: Endpoint, receiver: WebhookReceiver
) -> None:
    send_webhooks(endpoint, 3)
    held = Delivery.objects.earliest("id")
    with locked("notifications_delivery", held.pk):
        run_batch("notification.deliver.webhook")
        wait_until(lambda: Notification.objects.filter(state="sent").count() == 2)
        wait_until(lambda: Task.objects.filter(state="SCHEDULED").exists())
    let_it_be_due("notification.deliver.webhook")
    run_due()
    assert Notification.objects.filter(state="sent").count() == 3


def test_steps_of_one_message_come_back_when_a_row_that_they_need_is_locked(
    receipt: TemplateVersion,
) -> None:
    [notification] = send(1)
    broadcast = made("held")
    chunk = BroadcastChunk.objects.get()
    assert chunk.task_id is not None
    works: list[tuple[str, int, Callable[[], object]]] = [
        ("notifications_notification", notification.pk, lambda: advance(notification.pk)),
        ("notifications_broadcast", broadcast.pk, lambda: send_chunk(chunk.pk, chunk.task_id or 0)),
    ]
    for table, pk, work in works:
        with locked(table, pk), pytest.raises(Snooze):
            Rival(work).result()
    assert send_chunk(chunk.pk, chunk.task_id) == "handed_over"


def test_a_broadcast_that_is_locked_holds_up_no_other(receipt: TemplateVersion) -> None:
    held, other = made("held"), made("other")
    BroadcastChunk.objects.update(state="waiting", task_id=None)
    with locked("notifications_broadcast", held.pk):
        Rival(advance_broadcasts).result()
    planned = BroadcastChunk.objects.filter(state="planned")
    assert [chunk.broadcast_id for chunk in planned] == [other.pk]


def test_attempts_that_were_not_made_are_given_back_without_waiting_for_a_locked_one(
    receipt: TemplateVersion,
) -> None:
    unmade = begun(3)
    with locked("notifications_delivery", unmade[0].delivery_id):
        Rival(lambda: give_back(unmade)).result()
        left = DeliveryAttempt.objects.values_list("delivery", flat=True)
        assert list(left) == [unmade[0].delivery_id]
    assert list(Delivery.objects.order_by("pk").values_list("attempts", flat=True)) == [1, 0, 0]
    [again] = begin({unmade[0].delivery_id: 1}).values()
    assert isinstance(again, Sendable)
    assert list(DeliveryAttempt.objects.order_by("pk").values_list("outcome", flat=True)) == [
        "ambiguous",
        "",
    ]


def test_an_attempt_that_is_locked_alone_is_not_waited_for_either(receipt: TemplateVersion) -> None:
    unmade = begun(2)
    held = DeliveryAttempt.objects.earliest("pk")
    with locked("notifications_deliveryattempt", held.pk):
        Rival(lambda: give_back(unmade)).result()
        lost = [(one.delivery_id, one.delivery_id) for one in unmade]
        Rival(lambda: follow_lost(lost, clock.now())).result()
    assert list(DeliveryAttempt.objects.values_list("pk", "outcome")) == [(held.pk, "")]


def test_deliveries_are_parked_without_waiting_for_a_locked_one(receipt: TemplateVersion) -> None:
    pks = [one.delivery_id for one in begun(3)]
    with locked("notifications_delivery", pks[0]):
        Rival(lambda: park([Parked(pk, pk, LANE) for pk in pks])).result()
    assert list(Delivery.objects.order_by("pk").values_list("parked_task_id", flat=True)) == [
        None,
        *pks[1:],
    ]


def test_a_message_for_an_inbox_comes_back_when_its_row_is_locked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(bounded_locks, "LOCK_SECONDS", 0.1)
    publish_template("paid", channel="inbox", subject="Payment", text="It arrived.")
    notification = notify("paid", to="7", channel="inbox", context={})
    run_batch("notification.schedule")
    delivery = Delivery.objects.get(notification=notification)
    [found] = begin({delivery.pk: 1}).values()
    assert isinstance(found, Sendable)
    with locked("notifications_delivery", delivery.pk):
        result = Rival(lambda: InboxChannel().send(found)).result()
    assert isinstance(result, SendResult)
    assert result.untried
    assert InboxChannel().send(found).outcome is Outcome.SUCCESS


def made(name: str) -> Broadcast:
    """Make a broadcast to one address."""
    context = {"number": 7, "name": "Ada", "amount": "12.5"}
    receiver = Receiver(to=f"{name}@example.com", context=context)
    return create_broadcast(name, "receipt", [receiver])
