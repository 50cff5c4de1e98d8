"""Events stay while a subscriber has not read them."""

from datetime import timedelta

import pytest

import tasks_core
from tasks_core import clock
from tasks_core.events.needed import needed_since
from tasks_core.events.subscription import forget
from tests.support import processes
from tests.support.life import PLAIN, plain_type
from tests.tasks_core.events.recorder import Recorder

pytestmark = pytest.mark.usefixtures("transactional_db")


def test_the_oldest_unread_event_of_any_subscriber_counts() -> None:
    plain_type()
    quick, slow = Recorder("quick"), Recorder("slow")
    assert needed_since() is None
    first, second = clock.now() - timedelta(days=50), clock.now() - timedelta(days=40)
    for moment in (first, second):
        with clock.frozen(moment):
            tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=90))
    quick.get()
    assert needed_since() == first
    slow.get()
    assert needed_since() is None


def test_a_parked_subscriber_keeps_them_until_it_is_deleted() -> None:
    plain_type()
    parked = Recorder("parked", max_failures=1)
    parked.fails_with = RuntimeError("broken")
    tasks_core.schedule_delayed(PLAIN, {}, delay=timedelta(days=1))
    parked.get()
    assert needed_since() is not None
    forget("parked")
    processes.alive("beat@new", role="beat")
    tasks_core.delete_subscription("parked")
    assert needed_since() is None
