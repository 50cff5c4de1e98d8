"""Events and logs that are old are removed; everything else stays."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection

from notifications.models import TriggerEvent, TriggerInvocation
from notifications.triggers.clean_up import clean_up, delete_events, delete_logs
from tasks_core import clock
from tests.notifications.triggers.conftest import Clock, MakeEvent, deliver
from tests.support.receiver import Receiver

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("status", ["delivered", "error", "dead", "cancelled"])
def test_events_that_ended_30_days_ago_are_removed_with_their_logs(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock, status: str
) -> None:
    event = deliver(make_event())
    TriggerEvent.objects.filter(pk=event.pk).update(status=status)
    still_clock.ahead(days=29, hours=23)
    assert clean_up() == 0
    still_clock.ahead(hours=2)
    assert clean_up() > 0
    assert not TriggerEvent.objects.exists()
    assert not TriggerInvocation.objects.exists()


def test_events_that_have_not_ended_stay_however_old_they_are(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    waiting, locked = make_event(), make_event()
    TriggerEvent.objects.filter(pk=locked.pk).update(status="locked")
    still_clock.ahead(days=400)
    assert clean_up() == 0
    assert set(TriggerEvent.objects.values_list("pk", flat=True)) == {waiting.pk, locked.pk}


def test_logs_may_be_kept_for_a_shorter_time(
    make_event: MakeEvent,
    receiver: Receiver,
    still_clock: Clock,
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["TRIGGER_LOG_RETENTION_DAYS"] = 7.0
    deliver(make_event())
    still_clock.ahead(days=8)
    assert clean_up() == 1
    assert TriggerEvent.objects.exists()
    assert not TriggerInvocation.objects.exists()


def test_zero_keeps_them_for_ever(
    make_event: MakeEvent,
    receiver: Receiver,
    still_clock: Clock,
    allow_loopback: dict[str, Any],
) -> None:
    allow_loopback["TRIGGER_RETENTION_DAYS"] = 0.0
    allow_loopback["TRIGGER_LOG_RETENTION_DAYS"] = 0.0
    deliver(make_event())
    still_clock.ahead(days=4000)
    assert clean_up() == 0


@pytest.fixture(
    params=["", "enable_hashjoin enable_hashagg enable_mergejoin enable_sort enable_material"]
)
def plans(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the planner choose, or let it run the inner side of a join again for each row."""
    with connection.cursor() as cursor:
        for switch in request.param.split():
            cursor.execute(f"SET {switch} = off")
        yield
        for switch in request.param.split():
            cursor.execute(f"RESET {switch}")


@pytest.mark.usefixtures("plans")
def test_it_goes_in_batches(make_event: MakeEvent, receiver: Receiver, still_clock: Clock) -> None:
    for _ in range(5):
        deliver(make_event())
    still_clock.ahead(days=31)
    before = clock.now() - timedelta(days=30)
    assert [delete_logs(before, limit=2) for _ in range(4)] == [2, 2, 1, 0]
    assert [delete_events(before, limit=2) for _ in range(4)] == [2, 2, 1, 0]
