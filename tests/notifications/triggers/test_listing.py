"""Events and invocations in pages, with filters and total counts."""

from datetime import UTC, datetime, timedelta

import pytest

from notifications import triggers
from notifications.confidential import MASK
from notifications.exceptions import InvalidTrigger, TriggerEventNotFound, TriggerNotFound
from notifications.models import CronTrigger, TriggerEvent
from notifications.triggers.listing import ListedEvent
from tasks_core import clock
from tasks_core.models import Occurrence
from tasks_core.testing import run_due
from tests.notifications.triggers.conftest import MakeEvent, deliver
from tests.support.receiver import Receiver, Reply
from tests.tasks_core.schedules.ticking import beat

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


@pytest.fixture
def trigger(receiver: Receiver) -> CronTrigger:
    """Minutely since noon; it is now 12:05, and the third call has failed."""
    with clock.frozen(NOON):
        made = triggers.create_cron_trigger(
            "minutely", webhook=receiver.url, schedule="* * * * *", payload={"a": 1}
        )
    receiver.plan(Reply(200), Reply(200), Reply(500))
    beat(NOON + timedelta(minutes=5))
    with clock.frozen(NOON + timedelta(minutes=5)):
        run_due()
    return made


def minutes(events: list[ListedEvent]) -> list[int]:
    return [int((event.scheduled_time - NOON).total_seconds() // 60) for event in events]


def test_upcoming_ticks_are_events_in_status_scheduled(trigger: CronTrigger) -> None:
    page = triggers.get_scheduled_events("cron", trigger_name="minutely", limit=8)
    assert minutes(page.items) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [event.status for event in page.items] == (
        ["delivered", "delivered", "error", "delivered", "delivered"] + ["scheduled"] * 3
    )
    assert {event.trigger_name for event in page.items} == {"minutely"}


def test_an_upcoming_tick_has_the_id_that_its_event_will_have(trigger: CronTrigger) -> None:
    page = triggers.get_scheduled_events("cron", trigger_name="minutely", limit=1, offset=5)
    beat(NOON + timedelta(minutes=6))
    with clock.frozen(NOON + timedelta(minutes=6)):
        run_due()
    assert triggers.get_event(page.items[0].id).scheduled_time == NOON + timedelta(minutes=6)


@pytest.mark.guarantee(n=19)
def test_statuses_filter_and_the_count_is_that_of_all_that_match(trigger: CronTrigger) -> None:
    upcoming = Occurrence.objects.upcoming().count()
    for status, count in (
        (["delivered"], 4),
        (["error", "dead"], 1),
        (["scheduled"], upcoming),
        (["scheduled", "delivered"], upcoming + 4),
        ([], upcoming + 5),
    ):
        page = triggers.get_scheduled_events(
            "cron", trigger_name="minutely", status=status, limit=2, get_rows_count=True
        )
        assert (page.count, len(page.items)) == (count, min(count, 2))


def test_the_count_is_given_only_when_asked_for(trigger: CronTrigger) -> None:
    assert triggers.get_scheduled_events("cron", trigger_name="minutely").count is None


@pytest.mark.guarantee(n=19)
def test_pages_follow_each_other_without_gap_or_overlap(trigger: CronTrigger) -> None:
    seen: list[int] = []
    for offset in range(0, 30, 7):
        page = triggers.get_scheduled_events(
            "cron", trigger_name="minutely", limit=7, offset=offset
        )
        seen += minutes(page.items)
    assert seen == list(range(1, 36))


def test_the_order_is_stable_for_events_of_the_same_time(make_event: MakeEvent) -> None:
    made = {make_event(schedule_at="2030-01-01T00:00Z").event_id for _ in range(20)}
    pages = [
        triggers.get_scheduled_events("one_off", limit=5, offset=offset).items
        for offset in (0, 5, 10, 15)
    ]
    listed = [event.id for page in pages for event in page]
    assert listed == sorted(made)


def test_one_off_events_are_listed_by_time_with_their_call(make_event: MakeEvent) -> None:
    make_event(schedule_at="2030-01-02T00:00Z", comment="second")
    make_event(
        schedule_at="2030-01-01T00:00Z",
        comment="first",
        headers=[{"name": "Authorization", "value": "Bearer abcdef"}],
    )
    page = triggers.get_scheduled_events("one_off", get_rows_count=True)
    assert [event.call["comment"] for event in page.items] == ["first", "second"]
    assert page.items[0].call["headers"] == [{"name": "Authorization", "value": MASK}]
    assert page.count == 2


def test_the_two_types_do_not_mix(trigger: CronTrigger, make_event: MakeEvent) -> None:
    event = make_event()
    assert [one.id for one in triggers.get_scheduled_events("one_off").items] == [event.event_id]
    cron = triggers.get_scheduled_events("cron", trigger_name="minutely", limit=1000)
    assert event.event_id not in {one.id for one in cron.items}


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"type": "other"}, "type"),
        ({"type": "cron"}, "trigger_name"),
        ({"type": "one_off", "trigger_name": "minutely"}, "trigger_name"),
        ({"type": "one_off", "status": ["done"]}, "status"),
        ({"type": "one_off", "limit": 0}, "limit"),
        ({"type": "one_off", "limit": 1001}, "limit"),
        ({"type": "one_off", "offset": -1}, "offset"),
    ],
)
def test_what_is_wrong_names_the_argument(
    db: None, arguments: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidTrigger) as refused:
        triggers.get_scheduled_events(**arguments)  # type: ignore[arg-type]
    assert refused.value.field == field


def test_an_unknown_trigger_is_told(db: None) -> None:
    with pytest.raises(TriggerNotFound):
        triggers.get_scheduled_events("cron", trigger_name="nothing")


def test_an_upcoming_tick_can_be_deleted(trigger: CronTrigger, receiver: Receiver) -> None:
    [tick] = triggers.get_scheduled_events(
        "cron", trigger_name="minutely", status=["scheduled"], limit=1
    ).items
    triggers.delete_scheduled_event(tick.id)
    beat(NOON + timedelta(minutes=7))
    with clock.frozen(NOON + timedelta(minutes=7)):
        run_due()
    times = TriggerEvent.objects.values_list("scheduled_time", flat=True)
    assert NOON + timedelta(minutes=6) not in times
    assert NOON + timedelta(minutes=7) in times
    with pytest.raises(TriggerEventNotFound):
        triggers.delete_scheduled_event(tick.id)


def test_invocations_of_an_event_are_listed_the_newest_first(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(500), Reply(404))
    conf = {"num_retries": 2, "retry_interval_seconds": 0}
    event = deliver(make_event(retry_conf=conf))
    deliver(make_event())
    page = triggers.get_scheduled_event_invocations(
        event_id=event.event_id, limit=2, get_rows_count=True
    )
    assert ([row.status for row in page.items], page.count) == ([200, 404], 3)
    rest = triggers.get_scheduled_event_invocations(event_id=event.event_id, limit=2, offset=2)
    assert [row.status for row in rest.items] == [500]


def test_invocations_of_a_trigger_are_listed_and_filtered_by_status(trigger: CronTrigger) -> None:
    page = triggers.get_scheduled_event_invocations(trigger_name="minutely", get_rows_count=True)
    assert page.count == 5
    failed = triggers.get_scheduled_event_invocations(trigger_name="minutely", status=[500])
    assert [row.event.scheduled_time for row in failed.items] == [NOON + timedelta(minutes=3)]


def test_invocations_need_an_event_or_a_trigger(db: None) -> None:
    with pytest.raises(InvalidTrigger, match="event_id"):
        triggers.get_scheduled_event_invocations()
