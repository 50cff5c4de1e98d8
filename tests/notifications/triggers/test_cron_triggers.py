"""Cron triggers: definition, ticks, edits, misfires, disabling, deletion."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

import tasks_core
from notifications import triggers
from notifications.exceptions import InvalidTrigger, TriggerExists, TriggerNotFound
from notifications.models import CronTrigger, TriggerEvent, TriggerInvocation
from notifications.triggers.tick import tick
from tasks_core import clock
from tasks_core.models import DeadLetter, Occurrence, Schedule, Task
from tasks_core.sql.dispatch import take_due, waiting_lanes
from tasks_core.testing import run_due
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.notifications.triggers.conftest import invocations, received_bodies
from tests.support.receiver import Receiver, Reply
from tests.tasks_core.schedules.ticking import beat

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)

MakeTrigger = Callable[..., CronTrigger]


@pytest.fixture
def make_trigger(receiver: Receiver) -> MakeTrigger:
    """Return a function that makes a trigger at noon, due at every minute."""

    def make(name: str = "minutely", **options: Any) -> CronTrigger:
        with clock.frozen(NOON):
            given = {"webhook": receiver.url, "schedule": "* * * * *", **options}
            return triggers.create_cron_trigger(name, **given)

    return make


def at(moment: datetime) -> None:
    """Do what beat and a worker do at this time."""
    beat(moment)
    with clock.frozen(moment):
        run_due()


def statuses() -> list[str]:
    return list(TriggerEvent.objects.order_by("scheduled_time").values_list("status", flat=True))


def test_a_tick_calls_the_webhook_with_name_and_scheduled_time_and_without_created_at(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    make_trigger(payload={"a": 1}, comment="hourly sync")
    at(NOON + MINUTE)
    [event] = TriggerEvent.objects.all()
    assert received_bodies(receiver) == [
        {
            "scheduled_time": "2026-03-02T12:01:00Z",
            "payload": {"a": 1},
            "name": "minutely",
            "id": str(event.event_id),
            "comment": "hourly sync",
        }
    ]
    assert (event.status, event.scheduled_time) == ("delivered", NOON + MINUTE)


def test_nothing_is_called_before_its_time(make_trigger: MakeTrigger, receiver: Receiver) -> None:
    make_trigger()
    at(NOON + timedelta(seconds=59))
    assert (receiver.received, statuses()) == ([], [])


def test_creating_hydrates_at_least_100_upcoming_ticks_in_the_same_transaction(
    make_trigger: MakeTrigger,
) -> None:
    trigger = make_trigger()
    upcoming = Occurrence.objects.upcoming().filter(schedule__name=trigger.schedule_name)
    assert upcoming.count() >= 100
    first = upcoming.order_by("due").values_list("due", flat=True)[0]
    assert first == NOON + MINUTE


def test_a_trigger_that_is_rolled_back_leaves_nothing(make_trigger: MakeTrigger) -> None:
    with transaction.atomic():
        make_trigger()
        transaction.set_rollback(True)
    assert not CronTrigger.objects.exists()
    assert not Schedule.objects.exists()


def test_six_fields_have_the_seconds_first(make_trigger: MakeTrigger, receiver: Receiver) -> None:
    make_trigger(schedule="*/20 * * * * *")
    at(NOON + MINUTE)
    assert [body["scheduled_time"] for body in received_bodies(receiver)] == [
        "2026-03-02T12:00:20Z",
        "2026-03-02T12:00:40Z",
        "2026-03-02T12:01:00Z",
    ]


def test_utc_is_the_default_and_another_time_zone_is_kept_to(make_trigger: MakeTrigger) -> None:
    utc = make_trigger("utc", schedule="0 9 * * *")
    berlin = make_trigger("berlin", schedule="0 9 * * *", timezone="Europe/Berlin")

    def hours(trigger: CronTrigger) -> set[int]:
        ticks = Occurrence.objects.filter(schedule__name=trigger.schedule_name)
        return {due.hour for due in ticks.values_list("due", flat=True)}

    assert hours(utc) == {9}
    assert hours(berlin) == {7, 8}  # summer and winter


def test_an_edit_of_webhook_payload_and_headers_changes_events_already_made(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    make_trigger(webhook="http://127.0.0.1:1/", payload="old", retry_conf={"num_retries": 3})
    at(NOON + MINUTE)
    assert statuses() == ["scheduled"]
    make_trigger(
        payload="new",
        headers=[{"name": "X-New", "value": "yes"}],
        retry_conf={"num_retries": 3},
        replace=True,
        schedule="0 0 1 1 *",
    )
    at(NOON + MINUTE + timedelta(seconds=10))
    [body] = received_bodies(receiver)
    assert body["payload"] == "new"
    assert receiver.received[0].headers["x-new"] == "yes"
    assert statuses() == ["delivered"]


def test_an_edit_of_the_schedule_replaces_the_ticks_to_come(make_trigger: MakeTrigger) -> None:
    trigger = make_trigger()
    make_trigger(schedule="30 * * * *", replace=True)
    upcoming = Occurrence.objects.upcoming().filter(schedule__name=trigger.schedule_name)
    assert {due.minute for due in upcoming.values_list("due", flat=True)} == {30}


def test_retries_in_flight_stay_when_the_trigger_is_edited(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    receiver.plan(Reply(500))
    make_trigger(retry_conf={"num_retries": 1})
    at(NOON + MINUTE)
    make_trigger(retry_conf={"num_retries": 1}, schedule="0 0 1 1 *", replace=True)
    at(NOON + MINUTE + timedelta(seconds=10))
    assert statuses() == ["delivered"]


def test_a_tick_that_is_fired_twice_makes_one_event(make_trigger: MakeTrigger) -> None:
    trigger = make_trigger()
    first = tick(trigger.pk, NOON + MINUTE)
    assert tick(trigger.pk, NOON + MINUTE) == first
    assert TriggerEvent.objects.count() == 1
    assert Task.objects.filter(task_type="trigger.deliver").count() == 1


def test_an_existing_name_is_refused_unless_it_is_to_be_replaced(make_trigger: MakeTrigger) -> None:
    make_trigger(comment="first")
    with pytest.raises(TriggerExists, match=r"^name: .* already exists"):
        make_trigger(comment="second")
    assert CronTrigger.objects.get().comment == "first"
    make_trigger(comment="second", replace=True)
    assert CronTrigger.objects.get().comment == "second"


def test_replace_creates_what_does_not_exist(make_trigger: MakeTrigger) -> None:
    make_trigger(replace=True)
    assert Occurrence.objects.upcoming().count() >= 100


def test_replacing_gives_what_is_left_out_its_default_again(make_trigger: MakeTrigger) -> None:
    make_trigger(payload={"a": 1}, comment="x", retry_conf={"num_retries": 3})
    make_trigger(replace=True)
    trigger = CronTrigger.objects.get()
    assert (trigger.payload, trigger.comment) == (None, "")
    assert trigger.retry_conf["num_retries"] == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("schedule", "61 * * * *"),
        ("schedule", "* * *"),
        ("schedule", "0 0 31 2 *"),
        ("timezone", "Mars/Olympus"),
        ("webhook", "ftp://example.com"),
        ("misfire_policy", "later"),
        ("when_disabled", "lost"),
        ("headers", [{"name": "X"}]),
        ("comment", "x" * 5000),
    ],
)
def test_what_is_wrong_names_its_field_and_nothing_is_written(
    make_trigger: MakeTrigger, field: str, value: object
) -> None:
    with pytest.raises(InvalidTrigger) as refused:
        make_trigger(**{field: value})
    assert refused.value.field.startswith(field)
    assert not CronTrigger.objects.exists()
    assert not Schedule.objects.exists()


@pytest.mark.parametrize("name", ["", "  ", "a\nb", "x" * 151])
def test_a_name_has_1_to_150_printable_characters(make_trigger: MakeTrigger, name: str) -> None:
    with pytest.raises(InvalidTrigger, match=r"^name: "):
        make_trigger(name)


@pytest.mark.parametrize(
    ("policy", "fired"),
    [
        ("fire_all", ["12:10", "12:20", "12:30", "12:40", "12:50", "13:00"]),
        ("coalesce", ["13:00"]),
        ("skip", []),
    ],
)
def test_ticks_missed_while_nobody_was_there_are_fired_coalesced_or_skipped(
    make_trigger: MakeTrigger, receiver: Receiver, policy: str, fired: list[str]
) -> None:
    make_trigger(schedule="*/10 * * * *", misfire_policy=policy)
    at(NOON + timedelta(hours=1, minutes=5))
    assert [body["scheduled_time"][11:16] for body in received_bodies(receiver)] == fired
    assert Occurrence.objects.exclude(outcome="upcoming").count() == 6


def test_fire_all_is_the_default(make_trigger: MakeTrigger) -> None:
    assert make_trigger().misfire_policy == "fire_all"


def test_missed_ticks_beyond_the_tolerance_are_on_record_and_not_fired(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    make_trigger(schedule="0 * * * *", retry_conf={"tolerance_seconds": 3600})
    at(NOON + timedelta(hours=5, minutes=30))
    assert [body["scheduled_time"] for body in received_bodies(receiver)] == [
        "2026-03-02T17:00:00Z"
    ]
    assert Occurrence.objects.filter(outcome="skipped_misfire").count() == 4


def test_ticks_between_the_last_known_one_and_the_restart_are_not_lost(
    make_trigger: MakeTrigger,
) -> None:
    make_trigger(retry_conf={"tolerance_seconds": 86400})
    beat(NOON + timedelta(hours=5))  # far more than the upcoming ones on record
    ticks = Task.objects.filter(task_type="trigger.tick").values_list("scheduled_for", flat=True)
    assert set(ticks) == {NOON + minute * MINUTE for minute in range(1, 301)}


def test_a_late_tick_measures_its_tolerance_from_its_own_time(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    make_trigger(retry_conf={"tolerance_seconds": 120})
    beat(NOON + MINUTE)
    with clock.frozen(NOON + timedelta(minutes=4)):  # the workers were down
        run_due()
    assert statuses() == ["dead"]
    assert receiver.received == []


def test_a_disabled_trigger_makes_no_ticks_and_ticks_again_from_when_it_is_enabled(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    make_trigger()
    with clock.frozen(NOON):
        assert triggers.disable_cron_trigger("minutely", reason="maintenance")
        assert not triggers.disable_cron_trigger("minutely", reason="again")
    at(NOON + timedelta(minutes=10))
    assert (receiver.received, statuses()) == ([], [])
    assert Occurrence.objects.upcoming().count() == 0
    with clock.frozen(NOON + timedelta(minutes=10)):
        assert triggers.enable_cron_trigger("minutely")
        assert not triggers.enable_cron_trigger("minutely")
    at(NOON + timedelta(minutes=11))
    assert [body["scheduled_time"] for body in received_bodies(receiver)] == [
        "2026-03-02T12:11:00Z"
    ]


@pytest.mark.parametrize(("policy", "letters"), [("cancelled", 0), ("dead", 1)])
def test_events_due_while_the_trigger_is_disabled_end_by_its_policy(
    make_trigger: MakeTrigger, receiver: Receiver, policy: str, letters: int
) -> None:
    make_trigger(when_disabled=policy)
    beat(NOON + MINUTE)
    with clock.frozen(NOON + MINUTE):
        triggers.disable_cron_trigger("minutely", reason="maintenance")
        run_due()
    [event] = TriggerEvent.objects.all()
    assert (event.status, event.tries) == (policy, 0)
    assert "maintenance" in event.reason
    assert receiver.received == []
    assert DeadLetter.objects.count() == letters


def test_a_trigger_may_be_created_disabled(make_trigger: MakeTrigger, receiver: Receiver) -> None:
    make_trigger(enabled=False)
    at(NOON + MINUTE)
    assert receiver.received == []


def test_410_disables_the_trigger(make_trigger: MakeTrigger, receiver: Receiver) -> None:
    receiver.plan(Reply(410))
    trigger = make_trigger(retry_conf={"num_retries": 5})
    at(NOON + MINUTE)
    trigger.refresh_from_db()
    assert not trigger.enabled
    assert "410" in trigger.disabled_reason
    assert statuses() == ["error"]
    at(NOON + 2 * MINUTE)
    assert len(receiver.received) == 1


def test_deleting_a_trigger_takes_its_ticks_events_and_logs_along(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    receiver.plan(Reply(500))
    make_trigger(retry_conf={"num_retries": 1})
    at(NOON + MINUTE)
    assert TriggerInvocation.objects.count() == 1
    with clock.frozen(NOON + MINUTE):
        triggers.delete_cron_trigger("minutely")
    at(NOON + timedelta(minutes=10))
    assert len(receiver.received) == 1
    for model in (CronTrigger, TriggerEvent, TriggerInvocation):
        assert not model._default_manager.exists()
    assert Task.objects.get(task_type="trigger.deliver").state == "CANCELLED"


def test_a_deleted_name_is_free_again(make_trigger: MakeTrigger, receiver: Receiver) -> None:
    make_trigger()
    triggers.delete_cron_trigger("minutely")
    make_trigger()
    at(NOON + MINUTE)
    assert statuses() == ["delivered"]


@pytest.mark.parametrize(
    "ask",
    [
        triggers.delete_cron_trigger,
        triggers.get_cron_trigger,
        triggers.enable_cron_trigger,
        lambda name: triggers.disable_cron_trigger(name, reason="x"),
    ],
)
def test_an_unknown_name_is_told(db: None, ask: Callable[[str], object]) -> None:
    with pytest.raises(TriggerNotFound):
        ask("nothing")


def test_rows_removed_by_hand_take_what_belongs_to_them_along(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    make_trigger()
    at(NOON + MINUTE)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notifications_crontrigger")
    assert not TriggerEvent.objects.exists()
    assert not TriggerInvocation.objects.exists()


def test_all_triggers_are_listed_and_only_chosen_ones_exported(make_trigger: MakeTrigger) -> None:
    make_trigger("b", include_in_metadata=True, headers=[{"name": "X-Token", "value": "hunter22"}])
    make_trigger("a")
    assert [trigger.name for trigger in triggers.get_cron_triggers()] == ["a", "b"]
    [exported] = triggers.export_cron_triggers()
    assert exported["name"] == "b"
    assert "hunter22" not in str(exported)


def test_what_was_exported_can_be_applied_again_and_ticks(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    make_trigger(include_in_metadata=True, headers=[{"name": "X-Token", "value": "hunter22"}])
    [exported] = triggers.export_cron_triggers()
    with clock.frozen(NOON):
        triggers.create_cron_trigger(**exported, replace=True)
    at(NOON + MINUTE)
    assert receiver.received[0].headers["x-token"] == "hunter22"


def test_include_in_metadata_is_false_by_default(make_trigger: MakeTrigger) -> None:
    assert make_trigger().include_in_metadata is False


def test_each_try_of_a_tick_is_logged(make_trigger: MakeTrigger, receiver: Receiver) -> None:
    receiver.plan(Reply(503))
    make_trigger(retry_conf={"num_retries": 1, "retry_interval_seconds": 0})
    at(NOON + MINUTE)
    [event] = TriggerEvent.objects.all()
    assert [row.status for row in invocations(event)] == [503, 200]


def test_at_least_100_ticks_to_come_are_kept_while_others_are_used_up(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    make_trigger()
    for minute in range(1, 70):
        beat(NOON + minute * MINUTE)
        assert Occurrence.objects.upcoming().count() >= 100


@pytest.mark.parametrize(
    ("day", "times"),
    [(29, ["01:00"]), (28, ["01:30"])],  # 02:30 of 29 March 2026 does not exist: 03:00 is the next
)
def test_a_time_that_clocks_leave_out_is_shifted(
    make_trigger: MakeTrigger, day: int, times: list[str]
) -> None:
    make_trigger(schedule="30 2 * * *", timezone="Europe/Berlin")
    found = Occurrence.objects.filter(due__month=3, due__day=day).values_list("due", flat=True)
    assert [f"{due:%H:%M}" for due in found] == times


def test_a_time_that_comes_twice_fires_once(make_trigger: MakeTrigger) -> None:
    make_trigger(schedule="30 2 25 10 *", timezone="Europe/Berlin")
    upcoming = Occurrence.objects.upcoming().filter(due__year=2026)
    found = upcoming.values_list("due", flat=True)
    assert [f"{due:%d %H:%M}" for due in found] == ["25 00:30"]


def test_a_schedule_that_somebody_deleted_comes_back_with_the_next_edit(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    trigger = make_trigger()
    with clock.frozen(NOON):
        tasks_core.delete_schedule(trigger.schedule_name, inner=True)
    make_trigger(replace=True)
    at(NOON + MINUTE)
    assert statuses() == ["delivered"]


def test_a_trigger_whose_schedule_somebody_deleted_can_be_deleted(
    make_trigger: MakeTrigger,
) -> None:
    trigger = make_trigger()
    tasks_core.delete_schedule(trigger.schedule_name, inner=True)
    triggers.delete_cron_trigger(trigger.name)
    assert not CronTrigger.objects.exists()


def test_an_event_has_one_of_the_known_statuses(make_trigger: MakeTrigger) -> None:
    tick(make_trigger().pk, NOON + MINUTE)
    with pytest.raises(IntegrityError, match="notifications_triggerevent_status"):
        TriggerEvent.objects.update(status="lost")


def test_a_trigger_has_one_event_for_each_time(make_trigger: MakeTrigger) -> None:
    trigger = make_trigger()
    tick(trigger.pk, NOON + MINUTE)
    with pytest.raises(IntegrityError, match="notifications_triggerevent_tick"):
        TriggerEvent.objects.create(
            trigger=trigger, scheduled_time=NOON + MINUTE, created_at=clock.now()
        )


def test_a_tick_of_a_trigger_that_was_deleted_meanwhile_makes_nothing(
    make_trigger: MakeTrigger,
) -> None:
    trigger = make_trigger()
    beat(NOON + MINUTE)
    triggers.delete_cron_trigger(trigger.name)
    with clock.frozen(NOON + MINUTE):
        run_due()
    assert not TriggerEvent.objects.exists()
    assert Task.objects.get(task_type="trigger.tick").result == {"status": "gone"}


def test_a_burst_of_events_is_delivered_side_by_side(
    make_trigger: MakeTrigger, receiver: Receiver
) -> None:
    count = 40
    trigger = make_trigger()
    for second in range(count):
        tick(trigger.pk, NOON + timedelta(seconds=second))
    with clock.frozen(NOON + MINUTE):
        receiver.wait_for_company = threading.Barrier(count)
        [lane] = waiting_lanes()
        due = take_due([(lane, count)], ["trigger.deliver"], now=clock.now())
        queued = Task.objects.filter(state="QUEUED", task_type="trigger.deliver")
        ids = {*queued.values_list("pk", flat=True), *(task.id for task in due)}
        execute("trigger.deliver", sorted(ids), worker="test")
        process = worker_process.current()
        assert process.loop.wait_until_idle(seconds=30)
        process.outcomes.flush()
    assert statuses() == ["delivered"] * count
