"""Quiet hours in the pipeline: held, dropped, expired, and asked again (guarantee 14)."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from notifications.api import notify, save_category, save_recipient, set_preference
from notifications.models import Delivery, Notification, Recipient, TemplateVersion
from tasks_core import clock
from tasks_core.models import Task
from tasks_core.testing import run_due
from tests.support.mail_server import MailServer

pytestmark = [pytest.mark.django_db, pytest.mark.guarantee(n=14)]

GOOD: dict[str, Any] = {"number": 7, "name": "Ada", "amount": "12.5"}
# Half past midnight in Berlin; quiet hours end at eight.
NIGHT = datetime(2030, 6, 15, 22, 30, tzinfo=UTC)
MORNING = datetime(2030, 6, 16, 6, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def _quiet(ada: Recipient, receipt: TemplateVersion, bellringer: dict[str, Any]) -> None:
    bellringer["QUIET_HOURS"] = "22:00-08:00"


def send(to: Recipient, **options: Any) -> Notification:
    with clock.frozen(NIGHT):
        notification = notify("receipt", to=to, context=GOOD, **options)
        run_due()
    notification.refresh_from_db()
    return notification


def at(moment: datetime) -> int:
    with clock.frozen(moment):
        return run_due()


def test_a_message_in_the_night_waits_for_the_morning(
    ada: Recipient, mail_server: MailServer
) -> None:
    notification = send(ada)
    assert (notification.state, notification.held_until) == ("accepted", MORNING)
    [task] = Task.objects.all()
    assert (task.run_after, task.attempts - task.attempts_returned) == (MORNING, 0)
    assert at(MORNING - MINUTE) == 0
    assert mail_server.messages == []
    at(MORNING)
    notification.refresh_from_db()
    assert notification.state == "sent"
    assert len(mail_server.messages) == 1


def test_the_window_and_the_zone_are_the_recipients_own(
    ada: Recipient, mail_server: MailServer
) -> None:
    early = save_recipient("user-18", email="b@example.com", timezone="Europe/Berlin")
    save_recipient("user-18", quiet_hours="23:00-05:30")
    far = save_recipient("user-19", email="c@example.com", timezone="America/New_York")
    never = save_recipient("user-20", email="d@example.com", quiet_hours="off")
    utc = save_recipient("user-21", email="e@example.com")
    assert send(early).held_until == datetime(2030, 6, 16, 3, 30, tzinfo=UTC)
    assert send(far).state == "sent"
    assert send(never).state == "sent"
    assert send(utc).held_until == datetime(2030, 6, 16, 8, 0, tzinfo=UTC)


def test_releases_are_spread_and_the_window_is_looked_at_again(
    ada: Recipient, mail_server: MailServer, bellringer: dict[str, Any]
) -> None:
    bellringer["QUIET_HOURS_JITTER"] = 600.0
    notification = send(ada)
    held_until = notification.held_until
    assert held_until is not None
    assert MORNING < held_until <= MORNING + 10 * MINUTE
    # Meanwhile the recipient has moved: there it is still night.
    save_recipient("user-17", timezone="America/New_York")
    at(held_until)
    notification.refresh_from_db()
    assert notification.state == "accepted"
    assert notification.held_until is not None
    assert notification.held_until >= datetime(2030, 6, 16, 12, 0, tzinfo=UTC)
    assert mail_server.messages == []
    at(notification.held_until)
    assert len(mail_server.messages) == 1


def test_a_wish_of_the_night_counts_in_the_morning(ada: Recipient, mail_server: MailServer) -> None:
    notification = send(ada, category="news")
    set_preference(ada, False, category="news")
    at(MORNING)
    notification.refresh_from_db()
    assert notification.state == "suppressed"
    assert mail_server.messages == []


def test_what_expires_in_the_night_ends_at_once_and_says_so(
    ada: Recipient, mail_server: MailServer
) -> None:
    notification = send(ada, expires_at=MORNING)
    assert notification.state == notification.deliveries.get().state == "expired"
    assert notification.reason == "it expires before the recipient's quiet hours end"
    kept = send(ada, expires_at=MORNING + MINUTE)
    assert kept.state == "accepted"
    at(MORNING)
    kept.refresh_from_db()
    assert kept.state == "sent"


def test_what_expires_soon_after_is_released_before_it_does(
    ada: Recipient, mail_server: MailServer, bellringer: dict[str, Any]
) -> None:
    bellringer["QUIET_HOURS_JITTER"] = 3600.0
    notification = send(ada, expires_at=MORNING + MINUTE)
    assert notification.held_until is not None
    assert MORNING <= notification.held_until < MORNING + MINUTE
    at(notification.held_until)
    assert len(mail_server.messages) == 1


@pytest.mark.parametrize(
    ("behaviour", "state"),
    [("defer", "accepted"), ("digest", "accepted"), ("drop", "suppressed"), ("send", "sent")],
)
def test_a_category_says_what_becomes_of_its_messages(
    ada: Recipient, mail_server: MailServer, behaviour: str, state: str
) -> None:
    save_category("news", quiet_hours=behaviour)
    notification = send(ada, category="news")
    assert notification.state == state
    if behaviour == "drop":
        assert notification.reason == "it was due in the recipient's quiet hours"


@pytest.mark.parametrize("critical", ["caller", "category"])
def test_critical_messages_come_at_night(
    ada: Recipient, mail_server: MailServer, critical: str
) -> None:
    save_category("security", is_critical=critical == "category")
    notification = send(ada, category="security", critical=True if critical == "caller" else None)
    assert notification.state == "sent"


def test_one_time_codes_come_at_night(
    ada: Recipient, code_template: TemplateVersion, mail_server: MailServer
) -> None:
    with clock.frozen(NIGHT):
        notify(
            "one-time-code",
            to=ada,
            context={"name": "Ada"},
            secret_context={"code": "918273"},
            category="otp",
            expires_at=NIGHT + 5 * MINUTE,
        )
        run_due()
    assert len(mail_server.messages) == 1


def test_plain_addresses_have_no_zone_and_no_quiet_hours(mail_server: MailServer) -> None:
    with clock.frozen(NIGHT):
        notify("receipt", to="eve@example.com", context=GOOD)
        run_due()
    assert len(mail_server.messages) == 1


def test_another_attempt_that_falls_into_the_night_waits_without_using_one_up(
    ada: Recipient, mail_server: MailServer
) -> None:
    evening = datetime(2030, 6, 15, 19, 59, 58, tzinfo=UTC)
    mail_server.refusals.append("450 busy")
    with clock.frozen(evening):
        notification = notify("receipt", to=ada, context=GOOD)
        run_due()
    at(NIGHT)
    delivery = Delivery.objects.get(notification=notification)
    assert (delivery.state, delivery.attempts) == ("sending", 1)
    task = Task.objects.get(task_type="notification.deliver.email")
    assert (task.run_after, task.attempts - task.attempts_returned) == (MORNING, 1)
    at(MORNING)
    delivery.refresh_from_db()
    assert (delivery.state, delivery.attempts) == ("sent", 2)


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # Clocks go forward: the night has one hour less.
        ("2030-03-31T00:30+01:00", "2030-03-31T08:00+02:00"),
        # And back: one hour more.
        ("2030-10-27T00:30+02:00", "2030-10-27T08:00+01:00"),
    ],
)
def test_nights_in_which_clocks_change(
    ada: Recipient, mail_server: MailServer, now: str, until: str
) -> None:
    with clock.frozen(datetime.fromisoformat(now)):
        notification = notify("receipt", to=ada, context=GOOD)
        run_due()
    notification.refresh_from_db()
    assert notification.held_until == datetime.fromisoformat(until)


@pytest.mark.parametrize(
    ("change", "says"),
    [({"timezone": "Mars/Olympus"}, "Mars/Olympus"), ({"quiet_hours": "at night"}, "22:00-08:00")],
)
def test_a_recipient_whose_quiet_hours_nobody_can_tell_holds_up_no_other(
    ada: Recipient, mail_server: MailServer, change: dict[str, str], says: str
) -> None:
    with clock.frozen(MORNING + timedelta(hours=6)):
        others = [save_recipient(f"other-{n}", email=f"o{n}@example.com") for n in range(10)]
        Recipient.objects.filter(pk=ada.pk).update(**change)
        stuck = notify("receipt", to=ada, context=GOOD)
        for other in others:
            notify("receipt", to=other, context=GOOD)
        run_due()
    stuck.refresh_from_db()
    assert stuck.state == "accepted"
    assert len(mail_server.messages) == len(others)
    [task] = Task.objects.exclude(error="")
    assert says in task.error
    assert str(ada.pk) in task.error

    Recipient.objects.filter(pk=ada.pk).update(timezone="", quiet_hours="")
    with clock.frozen(task.run_after):
        run_due()
    stuck.refresh_from_db()
    assert stuck.state == "sent"
