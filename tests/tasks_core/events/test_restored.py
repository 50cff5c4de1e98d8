"""A restored copy of the database numbers its transactions anew; subscribers get every event all the same."""

from datetime import timedelta

import pytest
from django.db import OperationalError, connection

import tasks_core
from tasks_core import clock
from tasks_core.database import answer_limit
from tasks_core.database.answer_limit import answers_within
from tasks_core.events import restored
from tasks_core.events.relay import Relay
from tasks_core.events.restored import mend_if_restored
from tasks_core.models import EventSubscription, TaskEvent
from tests.support.dawdling import dawdling
from tests.support.life import PLAIN, plain_type
from tests.support.overdue import ending_overdue
from tests.tasks_core.events.open_transaction import OpenTransaction
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("transactional_db")

FAR = 2**40
"""How far ahead the transactions of the dumped database were."""


def _enqueue(count: int = 1) -> list[int]:
    plain_type()
    later = clock.now() + timedelta(days=1)
    return tasks_core.enqueue_many(PLAIN, [{}] * count, run_after=later)


def _restore() -> None:
    """Let all numbers in the rows be those of another database, which was far ahead of this one."""
    shifted = (
        "(SELECT string_agg((n::bigint + %(far)s)::text, ',') FROM unnest({}) n WHERE n <> '')"
    )
    moved = """
        concat_ws(':', split_part({0}, ':', 1)::bigint + %(far)s, split_part({0}, ':', 2)::bigint + %(far)s,
            COALESCE({1}, ''))
    """
    columns = {
        name: moved.format(
            name, shifted.format(f"string_to_array(split_part({name}, ':', 3), ',')")
        )
        for name in ("snapshot", "target_snapshot")
    }
    late = shifted.format("string_to_array(unfinished, ',')")
    with connection.cursor() as cursor:
        cursor.execute(
            f"""UPDATE tasks_core_eventsubscription SET snapshot = {columns["snapshot"]},
            target_snapshot = CASE WHEN target_snapshot IS NOT NULL THEN {columns["target_snapshot"]} END,
            unfinished = COALESCE({late}, '')""",
            {"far": FAR},
        )
        cursor.execute(
            "UPDATE tasks_core_taskevent "
            "SET transaction_id = (transaction_id::text::bigint + %s)::text::xid8",
            [FAR],
        )


def test_what_was_written_before_and_after_the_dump_comes() -> None:
    recorder = Recorder()
    _enqueue(2)
    recorder.get()
    missed = _enqueue(2)
    _restore()
    new = _enqueue(2)
    assert mend_if_restored()
    assert [task for task, _ in recorder.get()] == missed + new
    assert not TaskEvent.objects.filter(transaction_id__gte=FAR).exists()
    later = _enqueue()
    assert [task for task, _ in recorder.get()] == later


def test_a_worker_that_comes_before_it_is_mended_leaves_nothing_out() -> None:
    recorder = Recorder()
    _enqueue(2)
    recorder.get()
    missed = _enqueue(2)
    _restore()
    new = _enqueue()
    assert recorder.get() == []  # a hint from before
    mend_if_restored()
    assert [task for task, _ in recorder.get()] == missed + new


def test_a_cursor_whose_own_numbers_fit_waits_for_events_that_do_not() -> None:
    recorder = Recorder()
    missed = _enqueue(2)
    _restore()
    EventSubscription.objects.update(snapshot="4:4:")  # taken long before the dump
    assert recorder.get() == []
    assert mend_if_restored()
    assert [task for task, _ in recorder.get()] == missed


def test_what_a_transaction_wrote_that_was_under_way_at_the_last_look_comes() -> None:
    recorder = Recorder()
    with OpenTransaction() as slow:
        late = slow.do(_enqueue)
        early = _enqueue(2)
        assert [task for task, _ in recorder.get()] == early
        slow.commit()
    assert isinstance(late, list)
    _restore()
    assert mend_if_restored()
    got = [task for task, _ in recorder.get()]
    assert got == late + early  # from the first that it had not seen


def test_what_is_being_written_while_it_is_mended_comes() -> None:
    recorder = Recorder()
    _enqueue()
    recorder.get()
    _restore()
    with OpenTransaction() as slow:
        late = slow.do(_enqueue)
        assert mend_if_restored()
        early = _enqueue()
        assert [task for task, _ in recorder.get()] == early
        slow.commit()
    assert [task for task, _ in recorder.get()] == late


def test_writers_whom_a_cursor_of_this_database_waits_for_are_not_forgotten() -> None:
    _enqueue()
    _restore()  # nobody had subscribed
    recorder = Recorder()
    with OpenTransaction() as slow:
        late = slow.do(_enqueue)
        Relay()._create({})
        second = Recorder("second")  # begins while the other transaction writes
        assert mend_if_restored()
        slow.commit()
    assert [task for task, _ in second.get()] == late
    assert [task for task, _ in recorder.get()] == late


def test_a_replay_that_had_begun_goes_on_from_where_it_was_asked_to() -> None:
    recorder = Recorder()
    ids = _enqueue(4)
    recorder.get()
    tasks_core.replay_events("recorder", after=recorder.events[1].id)
    _restore()
    assert mend_if_restored()
    assert [task for task, _ in recorder.get()] == ids[2:]


def test_state_and_failures_of_subscribers_stay_and_workers_lose_the_cursor() -> None:
    recorder = Recorder()
    tasks_core.pause_subscription("recorder")
    fence = recorder.row.fence
    _enqueue()
    _restore()
    assert mend_if_restored()
    assert (recorder.row.state, recorder.row.fence) == ("paused", fence + 1)


def test_the_relay_mends_before_it_sends_hints() -> None:
    recorder = Recorder()
    _enqueue()
    recorder.get()
    _restore()
    new = _enqueue()
    assert Relay().relay() == 1
    assert [task for task, _ in recorder.get()] == new


def test_a_database_that_was_not_restored_stays_as_it_is() -> None:
    recorder = Recorder()
    _enqueue(2)
    recorder.get()
    before = (recorder.row.snapshot, recorder.row.fence, list(TaskEvent.objects.values_list()))
    with OpenTransaction() as slow:
        slow.do(_enqueue)
        assert not mend_if_restored()
        assert not slow.do(mend_if_restored)  # among its own events
    assert (
        recorder.row.snapshot,
        recorder.row.fence,
        list(TaskEvent.objects.values_list()),
    ) == before


def test_renumbering_may_take_longer_than_the_brief_statements_of_a_duty_and_of_the_role(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answer_limit, "ANSWER_SECONDS", 0.3)
    recorder = Recorder()
    missed = _enqueue(2)
    _restore()
    slow = dawdling("tasks_core_taskevent", when="UPDATE", seconds=1)
    with slow, ending_overdue(), answers_within():
        with connection.cursor() as cursor:
            cursor.execute("SET statement_timeout = '300ms'")
        try:
            assert mend_if_restored()
        finally:
            connection.close()
    assert [task for task, _ in recorder.get()] == missed


def test_a_caller_who_keeps_a_cursor_locked_is_waited_for_in_short_turns(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(restored, "LOCK_SECONDS", 0.1)
    recorder = Recorder()
    missed = _enqueue(2)
    _restore()
    with OpenTransaction() as caller:
        caller.do(lambda: EventSubscription.objects.update(state="paused"))
        with pytest.raises(OperationalError, match="lock timeout"):
            mend_if_restored()
    assert mend_if_restored()
    assert [task for task, _ in recorder.get()] == missed
