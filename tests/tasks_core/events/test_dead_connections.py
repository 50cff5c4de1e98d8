"""What becomes of the session of a worker that delivers events, from outside and by its subscribers."""

from collections.abc import Sequence

import pytest
from django.db import connection, transaction

import tasks_core
from tasks_core.engine.events import Event
from tasks_core.worker.event_delivery import deliver
from tests.support.cutting import cut_own
from tests.support.life import plain_type
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_worker_that_only_delivers_events_goes_on_after_a_cut() -> None:
    recorder = Recorder("orders")
    plain_type()
    for count in range(1, 4):
        tasks_core.enqueue("plain", {})
        cut_own()
        assert deliver("orders", holder="test") == 1
        assert len(recorder.events) == count


def test_subscriber_that_leaves_a_transaction_open_does_not_keep_its_cursor_in_it() -> None:
    class Forgetful(Recorder):
        def __call__(self, events: Sequence[Event]) -> None:
            transaction.atomic().__enter__()

    recorder = Forgetful("orders")
    plain_type()
    tasks_core.enqueue("plain", {})

    deliver("orders", holder="test")

    assert not connection.in_atomic_block
    assert recorder.row.delivered == 1
