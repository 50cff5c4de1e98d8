"""What a subscriber has changed in its session of the database ends with its call."""

from collections.abc import Sequence

import pytest
from django.db import connection

import tasks_core
from tasks_core.engine.events import Event
from tasks_core.worker.event_delivery import deliver
from tests.support.life import plain_type
from tests.support.session_changes import CHANGES, run, session_state
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("fresh_session")


CALLS = [
    (change, atomic)
    for change in CHANGES
    for atomic in (False, True)
    # Neither can be said, or let anything go on, in a transaction.
    if not (atomic and change in ("all discarded", "short statements"))
]


@pytest.mark.parametrize(("change", "atomic"), CALLS)
def test_subscribers_leave_nothing_behind(change: str, atomic: bool) -> None:
    before = session_state()
    connection.close()

    class Careless(Recorder):
        def __call__(self, events: Sequence[Event]) -> None:
            run(*CHANGES[change])

    careless = Careless("orders", atomic=atomic)
    plain_type()
    tasks_core.enqueue("plain", {})

    deliver("orders", holder="test")
    if not (atomic and change in _BREAKS_ITS_OWN_TRANSACTION):
        assert careless.row.delivered == 1
    assert session_state() == before


_BREAKS_ITS_OWN_TRANSACTION = {
    "search path",
    "no search path",
    "role",
    "another's session",
    "temporary table",
}
"""The cursor moves on in the same transaction: what cannot be done there is the subscriber's failure."""
