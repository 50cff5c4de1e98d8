"""What beat does for notifications: how soon each duty is called again, idle and with something to do."""

from datetime import timedelta

import pytest

from notifications.duties import PAUSE_BETWEEN_BATCHES, make_duties
from notifications.models import LimitCounter
from tasks_core import clock
from tasks_core.duties.duty import Duty

pytestmark = pytest.mark.django_db(transaction=True)

IDLE_SECONDS = {
    "limit-clean-up": 60.0,
    "code-expiry": 5.0,
    "trigger-clean-up": 60.0,
    "trigger-locks": 10.0,
    "notification-retention": 60.0,
    "broadcasts": 3.0,
    "broadcast-leftovers": 60.0,
    "webhook-lanes": 1.0,
    "late-events": 5.0,
    "old-events": 300.0,
}


def by_name() -> dict[str, Duty]:
    return {duty.name.removeprefix("duty-"): duty for duty in make_duties()}


def test_with_nothing_to_do_each_duty_rests() -> None:
    assert {name: duty._work() for name, duty in by_name().items()} == IDLE_SECONDS


def test_a_duty_with_something_to_do_goes_on_soon() -> None:
    duty = by_name()["limit-clean-up"]
    long_ago = clock.now() - timedelta(days=90)
    LimitCounter.objects.create(
        name="otp_recipient",
        subject="x",
        seconds=60,
        window_start=long_ago,
        ends_at=long_ago + timedelta(minutes=1),
        used=1,
        most=5,
    )
    assert duty._work() == PAUSE_BETWEEN_BATCHES
    assert not LimitCounter.objects.exists()
    assert duty._work() == IDLE_SECONDS["limit-clean-up"]
