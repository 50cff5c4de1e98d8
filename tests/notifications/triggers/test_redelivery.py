"""Redelivery: always a new event, linked to the old one."""

from typing import Any

import pytest

import tasks_core
from notifications import triggers
from notifications.exceptions import TriggerEventNotFound, TriggerEventUnfinished
from notifications.models import TriggerEvent
from notifications.triggers.redelivery import redeliver_for_task
from notifications.triggers.tick import tick
from tasks_core.exceptions import ReplayRefused
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tests.notifications.triggers.conftest import Clock, MakeEvent, deliver, received_bodies
from tests.support.receiver import Receiver, Reply

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_redelivery_is_a_new_event_linked_to_the_old_one(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(500))
    old = deliver(make_event(payload={"a": 1}, headers=[{"name": "X-Token", "value": "abcd"}]))
    still_clock.ahead(days=3)
    new = triggers.redeliver_event(old.event_id)
    assert deliver(new).status == "delivered"
    old.refresh_from_db()
    assert (old.status, new.redelivery_of_id) == ("error", old.pk)
    first, second = received_bodies(receiver)
    assert first["id"] != second["id"]
    assert second["redelivery_of"] == first["id"]
    assert "redelivery_of" not in first
    assert second["payload"] == {"a": 1}
    assert receiver.received[1].headers["x-token"] == "abcd"


def test_its_tolerance_counts_from_the_redelivery(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    old = make_event()
    still_clock.ahead(hours=7)
    assert deliver(old).status == "dead"
    assert deliver(triggers.redeliver_event(old.event_id)).status == "delivered"


@pytest.mark.parametrize("status", ["delivered", "error", "dead", "cancelled"])
def test_every_event_that_has_ended_can_be_redelivered(make_event: MakeEvent, status: str) -> None:
    event = make_event()
    TriggerEvent.objects.filter(pk=event.pk).update(status=status)
    assert triggers.redeliver_event(event.event_id).redelivery_of_id == event.pk


@pytest.mark.parametrize("status", ["scheduled", "locked"])
def test_an_event_that_has_not_ended_is_not_redelivered(make_event: MakeEvent, status: str) -> None:
    event = make_event()
    TriggerEvent.objects.filter(pk=event.pk).update(status=status)
    with pytest.raises(TriggerEventUnfinished, match=status):
        triggers.redeliver_event(event.event_id)


@pytest.mark.parametrize("event_id", ["nonsense", "00000000-0000-0000-0000-000000000000"])
def test_an_unknown_id_is_told(db: None, event_id: str) -> None:
    for ask in (triggers.redeliver_event, triggers.delete_scheduled_event, triggers.get_event):
        with pytest.raises(TriggerEventNotFound):
            ask(event_id)


def test_replaying_the_dead_letter_redelivers_the_event(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(500))
    old = deliver(make_event())
    replayed = tasks_core.replay(DeadLetter.objects.get().pk)
    deliver(old)
    new = TriggerEvent.objects.get(redelivery_of=old)
    assert (old.status, new.status) == ("error", "delivered")
    task = Task.objects.get(pk=replayed.pk)
    assert task.result == {"status": "redelivered", "event_id": str(new.event_id)}


def test_a_replay_fails_if_the_event_was_removed_meanwhile(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    receiver.plan(Reply(500))
    old = deliver(make_event())
    tasks_core.replay(DeadLetter.objects.get().pk)
    TriggerEvent.objects.all().delete()
    run_due()
    assert DeadLetter.objects.count() == 2
    assert "the event was removed" in DeadLetter.objects.latest("pk").message
    assert not TriggerEvent.objects.filter(redelivery_of=old.pk).exists()


def test_a_replay_that_runs_twice_redelivers_once(make_event: MakeEvent) -> None:
    event = make_event()
    TriggerEvent.objects.filter(pk=event.pk).update(status="error")
    first = redeliver_for_task(event.pk, 4711)
    assert redeliver_for_task(event.pk, 4711) == first
    assert TriggerEvent.objects.count() == 2


def test_a_redelivery_outlives_the_old_event(make_event: MakeEvent) -> None:
    event = make_event()
    TriggerEvent.objects.filter(pk=event.pk).update(status="error")
    new = triggers.redeliver_event(event.event_id)
    triggers.delete_scheduled_event(event.event_id)
    new.refresh_from_db()
    assert new.redelivery_of_id is None


def test_a_redelivered_event_of_a_cron_trigger_goes_by_the_trigger_as_it_is_now(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(500))
    options: dict[str, Any] = {"webhook": receiver.url, "schedule": "0 0 1 1 *"}
    trigger = triggers.create_cron_trigger("yearly", payload="old", **options)
    tick(trigger.pk, still_clock.at)
    old = deliver(TriggerEvent.objects.get())
    triggers.create_cron_trigger("yearly", payload="new", replace=True, **options)
    assert deliver(triggers.redeliver_event(old.event_id)).status == "delivered"
    first, second = received_bodies(receiver)
    assert (first["payload"], second["payload"]) == ("old", "new")
    assert second["name"] == "yearly"
    assert second["redelivery_of"] == first["id"]


def test_a_replay_whose_event_is_gone_is_refused(make_event: MakeEvent, receiver: Receiver) -> None:
    receiver.plan(Reply(500))
    deliver(make_event())
    TriggerEvent.objects.all().delete()
    with pytest.raises(ReplayRefused, match="is gone; discard the dead letter"):
        tasks_core.replay(DeadLetter.objects.get().pk)
    assert DeadLetter.objects.unresolved().exists()
