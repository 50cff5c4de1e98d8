"""Whatever happens in whatever order: each step at most once, and an end that agrees with the rows."""

from contextlib import suppress
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from notifications.api import Fallback, cancel
from notifications.models import Delivery, LadderStep, LimitCounter, Notification
from notifications.rules.provider_events import EventKind
from notifications.sending.pipeline.fallback.advancing import advance
from notifications.states import DELIVERY_UNFINISHED, NOTIFICATION_UNFINISHED
from tasks_core import Snooze, clock
from tasks_core.duties.expiry import expire_tasks
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.sending.pipeline.fallback.conftest import MAIL, send_code, send_plain
from tests.notifications.sending.pipeline.fallback.test_waiting_for_reports import report
from tests.support.mail_server import MailServer
from tests.support.receiver import Receiver, Reply

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.guarantee(n=17)]

ANSWERS = {
    "taken": Reply(201, body=b'{"sid": ""}'),
    "refused": Reply(400, body=b'{"code": 21211}'),
    "busy": Reply(503),
}
HAPPENINGS = ("run", "look", "minute", "bounced", "delivered", "cancel")


@settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    answers=st.lists(st.sampled_from(sorted(ANSWERS)), min_size=3, max_size=3),
    happenings=st.lists(st.sampled_from(HAPPENINGS), max_size=7),
    until=st.sampled_from(["sent", "delivered"]),
    is_secret=st.booleans(),
)
def test_the_end_is_consistent(
    receiver: Receiver,
    mail_server: MailServer,
    answers: list[str],
    happenings: list[str],
    until: str,
    is_secret: bool,
) -> None:
    Notification.objects.all().delete()
    Task.objects.all().delete()
    LimitCounter.objects.all().delete()
    receiver.replies.clear()
    receiver.plan(*[ANSWERS[answer] for answer in answers])
    mails = len(mail_server.messages)
    after = timedelta(minutes=2)
    ladder = [
        Fallback(channel="email", to=MAIL, after=after, until=until),  # type: ignore[arg-type]
        Fallback(channel="sms", to="+4915112345679", after=after, until=until),  # type: ignore[arg-type]
    ]
    start = clock.now()
    with clock.frozen(start):
        notification = (send_code if is_secret else send_plain)(fallback=ladder)
    now = start
    for happening in happenings:
        now += timedelta(minutes=1) if happening == "minute" else timedelta()
        with clock.frozen(now):
            happen(happening, notification)
            check(notification)
    let_end(notification, now)
    assert len(mail_server.messages) - mails <= 1


def happen(happening: str, notification: Notification) -> None:
    if happening in ("run", "minute"):
        run_due()
    elif happening == "cancel":
        cancel(notification.pk, reason="enough")
    elif happening == "look":
        with suppress(Snooze):
            advance(notification.pk, 1)
    elif notification.deliveries.exists():
        report(notification, EventKind(happening))


def let_end(notification: Notification, now: datetime) -> None:
    """Let all times pass; then nothing is left to do."""
    for hours in (1, 4, 16, 64):
        with clock.frozen(now + timedelta(hours=hours)):
            expire_tasks()
            run_due()
    check(notification)
    notification.refresh_from_db()
    assert notification.state not in NOTIFICATION_UNFINISHED
    assert not LadderStep.objects.waiting().exists()
    assert not Delivery.objects.unfinished().exists()
    assert not Task.objects.unfinished().exists()
    assert notification.secret_context == ""


def check(notification: Notification) -> None:
    notification.refresh_from_db()
    deliveries = list(notification.deliveries.order_by("pk"))
    states = {one.state for one in deliveries}
    begun = list(notification.ladder_steps.filter(state="begun").order_by("position"))
    assert [one.position for one in begun] == list(range(1, len(begun) + 1))
    assert len(deliveries) == len(begun) + bool(deliveries)
    assert [one.delivery_id for one in begun] == [one.pk for one in deliveries[1:]]
    for step in begun:
        assert step.begun_at is not None
        assert notification.expires_at is None or step.begun_at < notification.expires_at
    if notification.state in NOTIFICATION_UNFINISHED:
        assert bool(notification.secret_context) == notification.is_secret
    else:
        assert not notification.ladder_steps.waiting().exists()
        assert notification.secret_context == ""
    if notification.state in ("sent", "failed"):
        assert (notification.state == "sent") == bool(states & {"sent", "delivered"})
        assert not states & set(DELIVERY_UNFINISHED)
