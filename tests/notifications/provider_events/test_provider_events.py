"""What follows from the reports of providers: copies, any order, late ones (guarantee 12)."""

import itertools
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection

from notifications.api import notify, suppressions_of
from notifications.models import Delivery, Notification, ProviderEvent, SoftBounces, TemplateVersion
from notifications.provider_events.late import delete_old_events, follow_late_events
from notifications.provider_events.record import record_report
from notifications.provider_events.report import Report
from notifications.rules.outcome import Outcome, SendResult
from notifications.rules.provider_events import Bounce, EventKind
from notifications.sending.pipeline.begin import begin
from notifications.sending.pipeline.record import Ended, record
from tasks_core import clock
from tasks_core.duties.beat_duties import make_duties
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.notifications.provider_events.reports import GOOD, sent
from tests.support.mail_server import MailServer

pytestmark = pytest.mark.guarantee(n=12)

HOUR = timedelta(hours=1)
numbers = itertools.count()


@pytest.fixture(autouse=True)
def _template(receipt: TemplateVersion, mail_server: MailServer) -> None:
    """All of these are about receipts by mail."""


def report(kind: str, message_id: str = "", **options: Any) -> bool:
    given = {
        "source": "acme",
        "event_id": f"evt_{next(numbers)}",
        "kind": EventKind(kind),
        "channel": "email",
        "occurred_at": clock.now(),
        "message_id": message_id,
        **options,
    }
    return record_report(Report(**given))


@pytest.mark.django_db
@pytest.mark.parametrize(
    "told", ["garbage", "ada(at)example.com", '"ada@example.com"', "\u200bada@example.com", ""]
)
def test_a_bounce_stops_the_address_of_its_message_whatever_it_calls_it(told: str) -> None:
    delivery = sent("p-1")
    assert report("bounced", "p-1", address=told, bounce=Bounce.HARD)
    assert states(delivery) == ("bounced", "failed")
    assert suppressions_of("email", delivery.address)


@pytest.mark.django_db
@pytest.mark.parametrize("told", ["4915112345678", "004915112345678", "+49 1511 2345678"])
def test_a_number_is_stopped_as_gateways_write_it(told: str) -> None:
    assert report("unsubscribed", address=told, channel="sms")
    assert suppressions_of("sms", "+4915112345678")


def states(delivery: Delivery) -> tuple[str, str]:
    delivery.refresh_from_db()
    return delivery.state, Notification.objects.get(pk=delivery.notification_id).state


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kinds", "end"),
    [
        (("queued", "sent", "delivered"), ("delivered", "sent")),
        (("delivered", "sent", "queued", "deferred"), ("delivered", "sent")),
        (("opened",), ("delivered", "sent")),
        (("bounced",), ("bounced", "failed")),
        (("delivered", "bounced"), ("bounced", "failed")),
        (("bounced", "delivered", "opened"), ("bounced", "failed")),
        (("rejected", "sent"), ("rejected", "failed")),
        (("failed",), ("rejected", "failed")),
        (("complained", "delivered"), ("delivered", "sent")),
        (("deferred",), ("sent", "sent")),
    ],
)
def test_a_delivery_moves_forward_only(kinds: tuple[str, ...], end: tuple[str, str]) -> None:
    delivery = sent("p-1")
    for kind in kinds:
        assert report(kind, "p-1")
    assert states(delivery) == end


@pytest.mark.django_db
def test_our_own_id_of_the_message_is_known_in_all_its_forms() -> None:
    delivery = sent()
    for given in (delivery.message_id, f"<{delivery.message_id}@bank.example>"):
        report("opened", given)
    assert ProviderEvent.objects.filter(delivery=delivery).count() == 2
    assert states(delivery) == ("delivered", "sent")


@pytest.mark.django_db
def test_a_copy_is_ignored() -> None:
    delivery = sent("p-1")
    assert report("bounced", "p-1", event_id="e", bounce=Bounce.SOFT)
    assert not report("bounced", "p-1", event_id="e", bounce=Bounce.SOFT)
    assert not report("delivered", "p-1", event_id="e")
    assert states(delivery)[0] == "bounced"
    assert SoftBounces.objects.get().count == 1


@pytest.mark.django_db(transaction=True)
def test_copies_that_come_together_are_followed_once() -> None:
    sent("p-1")
    barrier = threading.Barrier(8)
    answers: list[bool] = []

    def tell() -> None:
        barrier.wait()
        try:
            answers.append(report("bounced", "p-1", event_id="e", bounce=Bounce.SOFT))
        finally:
            connection.close()

    threads = [threading.Thread(target=tell) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [False] * 7 + [True]
    assert SoftBounces.objects.get().count == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("kind", "bounce", "reason", "category"),
    [
        ("bounced", Bounce.HARD, "hard_bounce", ""),
        ("rejected", Bounce.HARD, "hard_bounce", ""),
        ("complained", None, "complaint", ""),
        ("unsubscribed", None, "unsubscribe", "news"),
    ],
)
def test_what_is_final_stops_the_address(
    kind: str, bounce: Bounce | None, reason: str, category: str
) -> None:
    sent("p-1", category="news")
    report(kind, "p-1", bounce=bounce)
    [entry] = suppressions_of("email", "ada@example.com")
    assert (entry.reason, entry.category, entry.source) == (reason, category, "acme")
    assert sent(category="news").state == "suppressed"


@pytest.mark.django_db
def test_soft_bounces_stop_it_in_the_end_unless_one_is_delivered(
    bellringer: dict[str, Any],
) -> None:
    bellringer["SOFT_BOUNCE_LIMIT"] = 3
    for kind in ("bounced", "bounced", "delivered", "bounced", "bounced"):
        report(kind, address="ada@example.com")
    assert suppressions_of("email", "ada@example.com") == []
    report("bounced", address="ADA@example.com")
    assert [one.reason for one in suppressions_of("email", "ada@example.com")] == ["soft_bounce"]


@pytest.mark.django_db
def test_a_report_about_an_attempt_without_an_answer_ends_the_delivery(
    mail_server: MailServer,
) -> None:
    """The connection broke, but the mail had arrived: there must be no second one."""
    mail_server.replies.append("451 try later")
    notification = notify("receipt", to="ada@example.com", context=GOOD)
    run_due()
    delivery = notification.deliveries.get()
    assert delivery.state == "sending"
    report("delivered", delivery.message_id)
    assert states(delivery) == ("delivered", "sent")
    with clock.frozen(datetime.now(UTC) + HOUR):
        run_due()
    assert mail_server.messages == []
    assert states(delivery) == ("delivered", "sent")


@pytest.mark.django_db
def test_a_report_that_comes_before_the_answer_is_not_overwritten_by_it() -> None:
    notification = notify("receipt", to="ada@example.com", context=GOOD)
    delivery = notification.deliveries.get()
    task = Task.objects.get(task_type="notification.deliver.email")
    begin({delivery.pk: task.pk})
    report("bounced", delivery.message_id)
    now = clock.now()
    result = SendResult(outcome=Outcome.SUCCESS)
    record(
        [
            Ended(
                delivery_id=delivery.pk,
                channel="email",
                number=1,
                started_at=now,
                finished_at=now,
                result=result,
            )
        ]
    )
    assert states(delivery) == ("bounced", "failed")


@pytest.mark.django_db
def test_a_delivery_that_was_never_tried_cannot_have_bounced() -> None:
    notification = notify("receipt", to="ada@example.com", context=GOOD)
    delivery = notification.deliveries.get()
    report("bounced", delivery.message_id)
    assert states(delivery) == ("rendered", "in_progress")


@pytest.mark.django_db
def test_a_report_ahead_of_its_message_is_followed_when_the_id_is_on_record() -> None:
    delivery = sent()
    report("bounced", "p-1", bounce=Bounce.HARD)
    assert (follow_late_events(), states(delivery)) == (0, ("sent", "sent"))
    Delivery.objects.update(provider_message_id="p-1")
    assert follow_late_events() == 1
    assert states(delivery) == ("bounced", "failed")
    [entry] = suppressions_of("email", "ada@example.com")
    assert entry.reason == "hard_bounce"
    assert follow_late_events() == 0


@pytest.mark.django_db
def test_beat_looks_for_late_events_and_removes_old_ones() -> None:
    duties = {duty.name: duty for duty in make_duties()}
    assert {"duty-late-events", "duty-old-events"} <= set(duties)
    delivery = sent()
    report("delivered", "p-1")
    Delivery.objects.update(provider_message_id="p-1")
    assert duties["duty-late-events"]._work() < 1.0  # there was something, so it looks again soon
    assert states(delivery) == ("delivered", "sent")
    assert duties["duty-late-events"]._work() > 1.0
    assert duties["duty-old-events"]._work() > 1.0


@pytest.mark.django_db
def test_a_report_about_nothing_of_ours_still_stops_the_address() -> None:
    report("bounced", "p-unknown", address="eve@example.com", bounce=Bounce.HARD)
    assert len(suppressions_of("email", "eve@example.com")) == 1
    assert ProviderEvent.objects.get().delivery is None


@pytest.mark.django_db
def test_old_events_are_removed(bellringer: dict[str, Any]) -> None:
    bellringer["PROVIDER_EVENT_RETENTION_DAYS"] = 90.0
    report("delivered", address="ada@example.com")
    with clock.frozen(datetime.now(UTC) + timedelta(days=89)):
        assert delete_old_events() == 0
        report("delivered", address="ada@example.com")
    with clock.frozen(datetime.now(UTC) + timedelta(days=91)):
        assert delete_old_events() == 1
    bellringer["PROVIDER_EVENT_RETENTION_DAYS"] = 0.0
    with clock.frozen(datetime.now(UTC) + timedelta(days=9999)):
        assert delete_old_events() == 0
    assert ProviderEvent.objects.count() == 1
