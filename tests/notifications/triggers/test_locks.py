"""Who holds an event: one attempt at a time, whatever is killed, stopped or cancelled."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, closing, contextmanager
from datetime import timedelta

import pytest
from django.db import connection

import tasks_core
from notifications.exceptions import TriggerEventUnfinished
from notifications.models import TriggerEvent, TriggerInvocation
from notifications.states import TriggerEventStatus
from notifications.triggers import cancel_scheduled_event, delete_scheduled_event
from notifications.triggers.begin import MAX_LOSSES, Begun, NotBegun, begin
from notifications.triggers.deliver import _record_all
from notifications.triggers.lock import Claim, unlock
from notifications.triggers.lost_locks import release_lost_locks
from notifications.triggers.record import Ended
from notifications.triggers.result import Result
from notifications.triggers.verdict import Verdict
from tasks_core import clock
from tasks_core.duties.beat_duties import make_duties
from tasks_core.duties.recovery import recover_attempts
from tasks_core.models import DeadLetter, Task
from tasks_core.testing import run_due
from tasks_core.worker import process as worker_process
from tasks_core.worker.executor import execute
from tests.notifications.triggers.conftest import Clock, MakeEvent, deliver, invocations, task_of
from tests.support.receiver import Receiver, Reply
from tests.support.sessions import waits_for_a_lock
from tests.support.threads import Rival
from tests.support.waiting import wait_until

pytestmark = pytest.mark.django_db(transaction=True)


def claim_of(event: TriggerEvent, attempt: int = 1) -> Claim:
    assert event.task_id is not None
    return Claim(event.pk, event.task_id, attempt)


@contextmanager
def being_delivered(event: TriggerEvent, receiver: Receiver) -> Iterator[threading.Event]:
    """Let a worker deliver an event whose webhook hangs until the block ends."""
    assert event.task_id is not None
    release = threading.Event()
    receiver.plan(Reply(hold=release))
    Task.objects.filter(pk=event.task_id, state="SCHEDULED").update(
        state="QUEUED", queued_at=clock.now()
    )
    execute("trigger.deliver", [event.task_id], worker="test")
    wait_until(lambda: receiver.received)
    try:
        yield release
    finally:
        release.set()


def finish() -> None:
    process = worker_process.current()
    assert process.loop.wait_until_idle(seconds=30)
    process.outcomes.flush()


def test_an_event_is_locked_while_it_is_delivered(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event()
    with being_delivered(event, receiver):
        event.refresh_from_db()
        assert (event.status, event.locked_by) == ("locked", 1)
        assert event.locked_at is not None
    finish()
    event.refresh_from_db()
    assert event.status == "delivered"
    assert TriggerEvent.objects.filter(locked_at=None).exists()


def test_a_clean_stop_unlocks_what_is_being_delivered_and_uses_up_no_try(
    make_event: MakeEvent, receiver: Receiver, allow_loopback: dict[str, object]
) -> None:
    allow_loopback["SHUTDOWN_GRACE_SECONDS"] = 0.1
    event = make_event()
    with being_delivered(event, receiver):
        worker_process.drain()
        event.refresh_from_db()
        assert (event.status, event.tries, event.losses) == ("scheduled", 0, 0)
        assert task_of(event).state == "SCHEDULED"
    assert deliver(event).status == "delivered"
    assert (event.tries, event.losses) == (1, 0)


@contextmanager
def meanwhile(statement: str) -> Iterator[None]:
    """Let somebody else have run a statement, in a transaction that lasts as long as the block."""
    other = connection.get_new_connection(connection.get_connection_params())
    with closing(other):
        other.execute(statement)
        yield
        other.rollback()


def row_locked(event: TriggerEvent) -> AbstractContextManager[None]:
    """Let somebody else keep an event locked."""
    return meanwhile(f"SELECT id FROM notifications_triggerevent WHERE id = {event.pk} FOR UPDATE")


def table_locked() -> AbstractContextManager[None]:
    """Let every statement that changes events wait."""
    return meanwhile("LOCK TABLE notifications_triggerevent IN EXCLUSIVE MODE")


def start(event: TriggerEvent) -> None:
    """Let a worker begin to deliver an event."""
    assert event.task_id is not None
    Task.objects.filter(pk=event.task_id).update(state="QUEUED", queued_at=clock.now())
    execute("trigger.deliver", [event.task_id], worker="test")
    wait_until(lambda: all(entry.has_begun for entry in worker_process.current().inflight.all()))
    loop = worker_process.current().loop.loop
    asyncio.run_coroutine_threadsafe(asyncio.sleep(0.01), loop).result(10)


@contextmanager
def cancelling() -> Iterator[None]:
    """Stop the worker; the block begins when its handlers are cancelled, and then they may go on."""
    loop = worker_process.current().loop.loop
    stopping = threading.Thread(target=worker_process.drain)
    stopping.start()
    wait_until(lambda: any(task.cancelling() for task in asyncio.all_tasks(loop)))
    yield
    stopping.join(30)
    assert not stopping.is_alive()


def test_a_clean_stop_while_events_are_being_locked_leaves_none_locked(
    make_event: MakeEvent, receiver: Receiver, allow_loopback: dict[str, object]
) -> None:
    allow_loopback["SHUTDOWN_GRACE_SECONDS"] = 0.1
    first, second = make_event(), make_event()
    with ExitStack() as stack, table_locked():
        start(first)
        wait_until(waits_for_a_lock)
        start(second)
        stack.enter_context(cancelling())
    for event in (first, second):
        event.refresh_from_db()
        assert (event.status, event.tries, event.losses) == ("scheduled", 0, 0)
        assert task_of(event).state == "SCHEDULED"
    assert receiver.received == []


@pytest.mark.parametrize(
    ("answer", "status", "state"),
    [(200, "delivered", "SUCCEEDED"), (500, "scheduled", "RETRYING")],
)
def test_an_answered_call_is_judged_though_the_worker_stops_while_it_is_recorded(
    make_event: MakeEvent,
    receiver: Receiver,
    allow_loopback: dict[str, object],
    answer: int,
    status: str,
    state: str,
) -> None:
    allow_loopback["SHUTDOWN_GRACE_SECONDS"] = 0.1
    event = make_event(retry_conf={"num_retries": 3, "retry_interval_seconds": 60})
    receiver.plan(Reply(answer, hold=(release := threading.Event())))
    start(event)
    wait_until(lambda: receiver.received)
    with ExitStack() as stack, table_locked():
        release.set()
        wait_until(waits_for_a_lock)
        stack.enter_context(cancelling())
    event.refresh_from_db()
    assert (event.status, event.tries) == (status, 1)
    assert (event.next_retry_at is not None) == (state == "RETRYING")
    assert task_of(event).state == state


def test_an_event_that_somebody_keeps_locked_is_delivered_later_and_its_neighbours_now(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    held, neighbour = make_event(), make_event()
    with row_locked(held):
        [busy, begun] = begin([claim_of(held), claim_of(neighbour)])
        assert isinstance(begun, Begun)
        assert isinstance(busy, NotBegun)
        assert busy.is_busy
        run_due()
        task = task_of(held)
        assert (task.state, task.attempts_used) == ("SCHEDULED", 0)
    Task.objects.filter(pk=task.pk).update(run_after=task.enqueued_at)
    assert deliver(held).status == "delivered"


def test_the_end_of_an_attempt_waits_for_its_event_and_the_others_do_not(
    make_event: MakeEvent,
) -> None:
    events = [make_event() for _ in range(3)]
    begin([claim_of(event) for event in events])
    verdict = Verdict(status=TriggerEventStatus.DELIVERED, reason="", waits_asked=0)
    ends = [
        Ended(
            claim=claim_of(event),
            result=Result(status=200, request={}, response={}, duration=0.1),
            verdict=verdict,
            at=clock.now(),
            trigger_id=None,
        )
        for event in events
    ]
    with row_locked(events[1]):
        assert _record_all(ends) == [True, False, True]
        assert not waits_for_a_lock()
    assert _record_all(ends[1:2]) == [True]
    assert TriggerEvent.objects.filter(status="delivered", tries=1).count() == 3
    assert TriggerInvocation.objects.count() == 3


def test_unlocking_lost_events_waits_for_nobody(make_event: MakeEvent) -> None:
    held, lost = make_event(), make_event()
    begin([claim_of(held), claim_of(lost)])
    Task.objects.update(state="RETRYING", run_after=clock.now())
    with row_locked(held):
        rival = Rival(release_lost_locks)
        assert rival.result() == 1


def test_an_attempt_that_was_lost_is_taken_over_by_the_next_one(make_event: MakeEvent) -> None:
    event = make_event()
    [first] = begin([claim_of(event, 1)])
    [second] = begin([claim_of(event, 2)])
    assert isinstance(first, Begun)
    assert isinstance(second, Begun)
    event.refresh_from_db()
    assert (event.status, event.locked_by, event.losses) == ("locked", 2, 1)


def test_the_lost_attempt_can_neither_unlock_nor_take_it_back(make_event: MakeEvent) -> None:
    event = make_event()
    begin([claim_of(event, 2)])
    assert not unlock(claim_of(event, 1))
    [late] = begin([claim_of(event, 1)])
    assert isinstance(late, NotBegun)
    event.refresh_from_db()
    assert (event.status, event.locked_by) == ("locked", 2)


def test_another_task_cannot_lock_it(make_event: MakeEvent) -> None:
    event = make_event()
    assert event.task_id is not None
    [other] = begin([Claim(event.pk, event.task_id + 1, 1)])
    assert isinstance(other, NotBegun)
    event.refresh_from_db()
    assert event.status == "scheduled"


def test_an_event_that_loses_worker_after_worker_ends_in_error(make_event: MakeEvent) -> None:
    event = make_event()
    for attempt in range(1, MAX_LOSSES + 2):
        [begun] = begin([claim_of(event, attempt)])
        assert isinstance(begun, Begun)
    [ended] = begin([claim_of(event, MAX_LOSSES + 2)])
    assert isinstance(ended, NotBegun)
    event.refresh_from_db()
    assert event.status == "error"
    assert [row.status for row in invocations(event)] == [500]


def test_the_lock_of_a_lost_worker_is_released_as_soon_as_its_task_waits_again(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    lost, held = make_event(), make_event()
    begin([claim_of(lost), claim_of(held)])
    Task.objects.filter(pk=task_of(lost).pk).update(state="RETRYING", run_after=clock.now())
    Task.objects.filter(pk=task_of(held).pk).update(state="RUNNING", lease_until=clock.now())
    assert release_lost_locks() == 1
    lost.refresh_from_db()
    held.refresh_from_db()
    assert (lost.status, held.status) == ("scheduled", "locked")
    assert lost.losses == 1


def test_beat_releases_lost_locks_and_cleans_up() -> None:
    names = {duty.name for duty in make_duties()}
    assert {"duty-trigger-locks", "duty-trigger-clean-up"} <= names


def test_the_record_of_an_attempt_that_no_longer_holds_the_event_changes_nothing_but_is_logged(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event()
    with being_delivered(event, receiver) as release:
        TriggerEvent.objects.filter(pk=event.pk).update(locked_by=7)
        release.set()
        finish()
    event.refresh_from_db()
    assert (event.status, event.locked_by, event.tries) == ("locked", 7, 0)
    assert TriggerInvocation.objects.filter(event=event).count() == 1


def test_a_task_that_is_cancelled_cancels_its_event(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event(schedule_at="2030-01-01T00:00Z")
    assert event.task_id is not None
    tasks_core.cancel(event.task_id, reason="not needed")
    event.refresh_from_db()
    assert (event.status, event.finished_at is not None) == ("cancelled", True)


def test_a_task_that_dies_without_its_handler_ends_its_event_in_error_with_a_log_row(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event()
    long_ago = clock.now() - timedelta(minutes=5)
    begin([claim_of(event)])
    Task.objects.filter(pk=task_of(event).pk).update(
        state="RUNNING",
        attempts=2_000,
        claimed_with=1,
        started_at=long_ago,
        last_attempted_at=long_ago,
        lease_until=long_ago,
    )
    recover_attempts()
    assert DeadLetter.objects.get().task_id == event.task_id
    event.refresh_from_db()
    assert event.status == "error"
    [row] = invocations(event)
    assert (row.status, row.response["type"]) == (500, "client_error")


def test_a_cancelled_event_is_not_delivered_and_neither_is_one_that_waits_for_a_retry(
    make_event: MakeEvent, receiver: Receiver, still_clock: Clock
) -> None:
    receiver.plan(Reply(500))
    event = deliver(make_event(retry_conf={"num_retries": 3}))
    assert cancel_scheduled_event(event.event_id, reason="paid")
    assert not cancel_scheduled_event(event.event_id, reason="again")
    still_clock.ahead(hours=1)
    assert deliver(event).status == "cancelled"
    assert (event.reason, len(receiver.received)) == ("paid", 1)
    assert task_of(event).state == "CANCELLED"


def test_an_event_that_is_being_delivered_cannot_be_cancelled(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event()
    with (
        being_delivered(event, receiver),
        pytest.raises(TriggerEventUnfinished, match="being delivered"),
    ):
        cancel_scheduled_event(event.event_id, reason="late")
    finish()
    event.refresh_from_db()
    assert event.status == "delivered"


def test_a_success_is_recorded_over_a_cancellation_of_its_task_that_came_meanwhile(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event()
    assert event.task_id is not None
    with being_delivered(event, receiver):
        tasks_core.cancel(event.task_id, reason="operator")
        event.refresh_from_db()
        assert event.status == "cancelled"
    finish()
    event.refresh_from_db()
    assert (event.status, event.tries) == ("delivered", 1)


def test_a_deleted_event_is_not_delivered(make_event: MakeEvent, receiver: Receiver) -> None:
    event = make_event()
    delete_scheduled_event(event.event_id)
    run_due()
    assert receiver.received == []
    assert Task.objects.get().state == "CANCELLED"


def test_an_event_may_be_deleted_while_it_is_delivered(
    make_event: MakeEvent, receiver: Receiver
) -> None:
    event = make_event()
    with being_delivered(event, receiver):
        delete_scheduled_event(event.event_id)
    finish()
    assert not TriggerEvent.objects.exists()
    assert not TriggerInvocation.objects.exists()


def test_a_log_that_cannot_be_stored_costs_neither_its_own_event_nor_others_their_record(
    make_event: MakeEvent,
) -> None:
    attempts = []
    for body in ("fine", "nul \x00"):
        event = make_event()
        [begun] = begin([claim_of(event)])
        assert isinstance(begun, Begun)
        result = Result(status=200, request={}, response={"data": {"body": body}})
        verdict = Verdict(status=TriggerEventStatus.DELIVERED)
        attempts.append(
            Ended(
                claim=begun.claim, result=result, verdict=verdict, at=clock.now(), trigger_id=None
            )
        )
    _record_all(attempts)
    assert TriggerEvent.objects.filter(status="delivered", tries=1).count() == 2
    fine, other = TriggerInvocation.objects.order_by("event_id")
    assert fine.response == {"data": {"body": "fine"}}
    assert "could not be stored" in other.response["data"]["message"]
