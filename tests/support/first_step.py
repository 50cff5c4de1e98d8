"""Messages that go by the first step, ``notification.schedule``, and not at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from tasks_core import clock


@contextmanager
def ahead_of_time() -> Iterator[datetime]:
    """Stop the clock, and give the next instant: what is to run then is due when the clock goes on."""
    now = clock.now()
    with clock.frozen(now):
        yield now + timedelta(microseconds=1)
