"""Steps that work on whole batches: few statements, and no message at the mercy of another."""

from datetime import datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from notifications.api import Message, notify_many
from notifications.digests.held import collect
from notifications.models import Delivery, DeliveryAttempt, Notification, TemplateVersion
from notifications.sending.pipeline.schedule import schedule
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.testing import run_due
from tasks_core.worker.executor import execute
from tests.support.first_step import ahead_of_time
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.django_db(transaction=True)

COUNT = 60


def send(count: int = COUNT, *, run_after: datetime | None = None) -> list[Notification]:
    messages = [
        Message(
            to=f"ada{n}@example.com",
            context={"number": n, "name": "Ada", "amount": "1.00"},
        )
        for n in range(count)
    ]
    return notify_many("receipt", messages, run_after=run_after)


def send_by_first_step(count: int = COUNT) -> list[Notification]:
    with ahead_of_time() as soon:
        return send(count, run_after=soon)


def run_batch(task_type: str) -> None:
    """Run the waiting tasks of a type as one message, as a worker gets it."""
    [lane] = waiting_lanes()
    tasks = take_due([(lane, 1_000)], [task_type], now=clock.now())
    execute(task_type, [task.id for task in tasks], worker="test")


def deliveries() -> dict[str, int]:
    found: dict[str, int] = {}
    for state in Delivery.objects.values_list("state", flat=True):
        found[state] = found.get(state, 0) + 1
    return found


def test_a_batch_is_scheduled_and_written_with_a_handful_of_statements(
    receipt: TemplateVersion,
) -> None:
    notifications = send_by_first_step()
    schedule([send_by_first_step(1)[0].pk], collect=collect)  # compiles the template
    with CaptureQueriesContext(connection) as queries:
        schedule([one.pk for one in notifications], collect=collect)
    assert len(queries) <= 7
    assert deliveries() == {"rendered": COUNT + 1}
    texts = dict(Delivery.objects.values_list("notification__address", "subject"))
    assert texts["ada7@example.com"] == "Receipt 7"


def test_mails_of_a_batch_share_statements_and_the_connection(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    send()
    with CaptureQueriesContext(connection) as queries:
        run_batch("notification.deliver.email")
    assert len(mail_server.messages) == COUNT
    assert mail_server.connections == 1
    assert DeliveryAttempt.objects.filter(outcome="success").count() == COUNT
    assert Notification.objects.filter(state="sent").count() == COUNT
    assert len(queries) < COUNT


def test_each_mail_of_a_batch_has_its_own_outcome(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    send(3)
    mail_server.refusals.extend(["550 no such user", "450 busy"])
    run_batch("notification.deliver.email")
    tasks = Task.objects.filter(task_type="notification.deliver.email").order_by("id")
    assert [task.state for task in tasks] == ["DEAD", "RETRYING", "SUCCEEDED"]
    outcomes = DeliveryAttempt.objects.order_by("delivery_id").values_list("outcome", flat=True)
    assert list(outcomes) == ["permanent", "transient", "success"]


def test_a_message_that_cannot_be_written_does_not_hold_up_the_others(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    bad, *_ = send_by_first_step(4)
    Notification.objects.filter(pk=bad.pk).update(context={"number": 1})
    run_batch("notification.schedule")
    assert deliveries() == {"pending": 1, "rendered": 3}
    run_due()
    bad.refresh_from_db()
    assert bad.state == "failed"
    assert "the variable 'name' is not given" in bad.reason
    assert len(mail_server.messages) == 3


@pytest.mark.guarantee(n=2)
def test_two_tasks_for_one_delivery_send_it_once(
    receipt: TemplateVersion, mail_server: MailServer
) -> None:
    send(1)
    task = Task.objects.get(task_type="notification.deliver.email")
    twin = Task.objects.get(pk=task.pk)
    twin.pk = None
    twin.save(force_insert=True)
    run_batch("notification.deliver.email")
    with clock.frozen(clock.now() + timedelta(hours=2)):
        run_due()
    assert len(mail_server.messages) == 1
    assert set(Task.objects.values_list("state", flat=True)) == {"SUCCEEDED"}
