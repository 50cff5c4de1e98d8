"""How deliveries and notifications end, also when two things happen at the same instant."""

import threading
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from django.db import connection, transaction

import tasks_core
from notifications.api import notify
from notifications.models import Delivery, LadderStep, Notification, TemplateVersion
from notifications.sending.pipeline.begin import begin
from notifications.sending.pipeline.ending import follow_unsuccessful
from notifications.sending.pipeline.settle import end_deliveries
from notifications.states import DELIVERY_UNFINISHED, DeliveryState
from tasks_core import State
from tasks_core.models import Task
from tasks_core.signals import UnsuccessfulTask
from tasks_core.testing import run_due

pytestmark = pytest.mark.django_db

GOOD = {"number": 7, "name": "Ada", "amount": "12.5"}


def begun_with(*states: str) -> tuple[Notification, list[Delivery]]:
    """Make a notification under way with a delivery in each state; those after the first are fallbacks."""
    notification = notify("receipt", to="ada@example.com", context=GOOD)
    notification.deliveries.update(state=states[0], finished_at=end_of(states[0]))
    first = notification.deliveries.get()
    has_fallback = len(states) > 1
    Notification.objects.filter(pk=notification.pk).update(has_fallback=has_fallback)
    others = [fallen_back(notification, n, state) for n, state in enumerate(states[1:], start=1)]
    return notification, [first, *others]


def end_of(state: str) -> datetime | None:
    return None if state in DELIVERY_UNFINISHED else datetime.now(UTC)


def fallen_back(notification: Notification, position: int, state: str) -> Delivery:
    """Make a delivery by a step of the ladder that has begun."""
    delivery = Delivery.objects.create(
        notification=notification,
        channel="email",
        address="ada@example.com",
        state=state,
        message_id=uuid4().hex,
        created_at=datetime.now(UTC),
        finished_at=end_of(state),
    )
    LadderStep.objects.create(
        notification=notification,
        position=position,
        channel="email",
        address="ada@example.com",
        template_version=notification.template_version,
        until="sent",
        state="begun",
        begun_at=delivery.created_at,
        delivery=delivery,
    )
    return delivery


@pytest.mark.parametrize(
    ("others", "last", "end"),
    [
        ([], "failed", "failed"),
        ([], "expired", "expired"),
        ([], "cancelled", "cancelled"),
        (["sent"], "failed", "sent"),
        (["failed"], "expired", "failed"),
        (["cancelled"], "expired", "expired"),
        (["pending"], "failed", "in_progress"),
        (["sending"], "failed", "in_progress"),
    ],
)
def test_a_notification_ends_with_the_last_of_its_deliveries(
    receipt: TemplateVersion, others: list[str], last: str, end: str
) -> None:
    notification, deliveries = begun_with(*others, "rendered")
    assert end_deliveries([deliveries[-1].pk], DeliveryState(last), "why") == 1
    notification.refresh_from_db()
    assert notification.state == end


@pytest.mark.parametrize("final", ["sent", "delivered", "failed", "expired", "cancelled"])
def test_a_delivery_that_has_ended_does_not_move(receipt: TemplateVersion, final: str) -> None:
    _, [delivery] = begun_with(final)
    assert end_deliveries([delivery.pk], DeliveryState.FAILED, "why") == 0
    delivery.refresh_from_db()
    assert delivery.state == final


@pytest.mark.django_db(transaction=True)
def test_two_deliveries_that_end_at_once_end_their_notification(receipt: TemplateVersion) -> None:
    for _ in range(5):
        notification, deliveries = begun_with("rendered", "rendered")
        together = threading.Barrier(2)

        def end(delivery_id: int, together: threading.Barrier = together) -> None:
            try:
                with transaction.atomic():
                    together.wait()
                    end_deliveries([delivery_id], DeliveryState.EXPIRED, "why")
            finally:
                connection.close()

        threads = [threading.Thread(target=end, args=(one.pk,)) for one in deliveries]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        notification.refresh_from_db()
        assert notification.state == "expired"


def test_a_task_that_ends_while_an_attempt_is_under_way_closes_the_attempt(
    receipt: TemplateVersion,
) -> None:
    notification = notify("receipt", to="ada@example.com", context=GOOD)
    delivery = notification.deliveries.get()
    task = Task.objects.get(task_type="notification.deliver.email")
    begin({delivery.pk: task.pk})
    tasks_core.cancel(task.pk, reason="operator")
    delivery.refresh_from_db()
    attempt = delivery.attempt_log.get()
    assert delivery.state == "cancelled"
    assert attempt.outcome == "ambiguous"
    assert attempt.finished_at is not None


@pytest.mark.parametrize(
    ("task_type", "payload"),
    [
        ("notification.render", {"delivery": 0}),
        ("notification.deliver.email", {}),
        ("notification.schedule", {"notification": "x"}),
        ("somebody.elses", {"delivery": 1}),
    ],
)
def test_a_task_that_names_nothing_of_ours_is_passed_over(
    db: None, task_type: str, payload: dict[str, object]
) -> None:
    dead = UnsuccessfulTask(
        task_id=1, task_type=task_type, state=State.DEAD, payload=payload, error=""
    )
    follow_unsuccessful([dead])


def test_a_step_for_a_row_that_is_gone_ends_in_a_dead_letter(db: None) -> None:
    for task_type, payload in [
        ("notification.schedule", {"notification": 404}),
        ("notification.render", {"delivery": 404}),
        ("notification.deliver.email", {"delivery": 404}),
    ]:
        task = tasks_core.enqueue(task_type, payload, inner=True)
        run_due()
        task.refresh_from_db()
        assert task.state == "DEAD"
        assert "gone" in task.error
