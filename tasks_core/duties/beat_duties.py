"""What beat does: dispatch, schedules, recovery, expiry, events, metrics, ageing, pruning, upkeep."""

import time
from collections.abc import Callable

from django.apps import apps
from django.db import Error
from psycopg.errors import DeadlockDetected, LockNotAvailable

from tasks_core import clock, conf
from tasks_core.broker.nudge import About, Listener
from tasks_core.database import server_clock
from tasks_core.database.row_backoff import RowBackoff
from tasks_core.duties.ageing import promote
from tasks_core.duties.contact import Contact
from tasks_core.duties.dead_letter_queue import announce_dead_letters
from tasks_core.duties.dispatcher import Dispatcher
from tasks_core.duties.duty import Duty
from tasks_core.duties.event_followers import Following
from tasks_core.duties.expiry import LIMIT as EXPIRY_LIMIT
from tasks_core.duties.expiry import expire_tasks
from tasks_core.duties.pruning import prune, prune_ledger
from tasks_core.duties.recovery import recover_attempts, recover_messages, spare_locked
from tasks_core.events.upkeep import Upkeep
from tasks_core.leadership import Leadership
from tasks_core.metrics.retention import prune_rollups
from tasks_core.metrics.sampling import Sampler
from tasks_core.schedules.backfilling import advance_backfills
from tasks_core.schedules.firing import fire, is_anything_held, release_buffered
from tasks_core.schedules.generator import first_wanted_at, generate

POLL_SECONDS = 1.0
"""Longest time the dispatcher sleeps: what a lost nudge costs."""

BLOCKED_SECONDS = 0.005, 0.02
"""How soon, at least and at most, it looks again while lanes that have enough hold due tasks back."""

SCHEDULE_SECONDS = 2.0
"""Longest time between two looks at the schedules; whoever changes one nudges."""

BUFFER_SECONDS = 0.05, 2.0
"""How soon held ticks and backfills are looked at again, at least and at most, while there are some."""

BUFFER_LOOKS, BUFFER_SHARE = 3, 0.1
"""That pause is at least as long as so many looks, and this share of the time since one could run."""

NOTHING_HELD_SECONDS = 1.0
"""How soon it is looked again whether any tick is held, or a backfill at work."""

EVENTS_SECONDS = 1.0, 3.0
"""How soon the cursors of events are looked at again after something was there, and after nothing was."""

FOLLOWER_SECONDS = 2.0
"""How soon a beat that does not lead looks whether it does, where only the leader works."""

RECOVERY_SECONDS = 4.0
EXPIRY_SECONDS = 3.0
ANNOUNCE_SECONDS = 5.0
AGEING_SECONDS = 5.0
PRUNING_SECONDS = 60.0
PAUSE_BETWEEN_BATCHES = 0.1
"""What pruning leaves to the others while it has much to do."""


_pruning_steps = RowBackoff("{} fails", "See the error; what else is old is removed.")
_others: list[Callable[[], list[Duty]]] = []


def add_duties(make: Callable[[], list[Duty]]) -> None:
    """Let beat also run the duties that ``make`` gives; other apps call it when they are ready."""
    if make not in _others:
        _others.append(make)


def make_duties(leadership: Leadership | None = None) -> list[Duty]:
    """Return beat's duties, not yet started; ``leadership`` is its claim to lead the schedules."""
    leadership = leadership or Leadership("schedules")
    duties = [
        Duty("dispatch", _dispatching(Dispatcher()), wait=Listener().wait, is_brief=True),
        Duty(
            "schedules",
            _scheduling(leadership),
            wait=Listener(About.SCHEDULES).wait,
            is_brief=True,
        ),
        Duty("buffers", _releasing(leadership), is_brief=True),
        *_periodic_tasks(leadership),
        Duty("recovery", _recovering(), is_brief=True),
        Duty("lost-messages", _recovering_messages, is_brief=True),
        Duty("expiry", _expiring, is_brief=True),
        Duty("announcements", _announcing),
        Duty("events", _following_events(leadership), is_brief=True),
        Duty("samples", _sampling(leadership)),
        Duty("ageing", _ageing, is_brief=True),
        Duty("pruning", _pruning),
        Duty("event-store", Upkeep(leads=lambda: leadership.fence is not None)),
        *(duty for make in _others for duty in make()),
    ]
    return [duty.after(server_clock.follow) for duty in duties]


def _dispatching(dispatcher: Dispatcher) -> Callable[[], float]:
    def work() -> float:
        result = dispatcher.dispatch()
        if result.dispatched or result.set_aside:
            return 0.0
        if result.blocked_for:
            # Nudges would only wake it to find the same: the workers have enough to do.
            shortest, longest = BLOCKED_SECONDS
            time.sleep(min(max(result.blocked_for, shortest), longest))
            return 0.0
        if result.next_due is None:
            return POLL_SECONDS
        until_due = (result.next_due - clock.now()).total_seconds()
        return min(max(until_due, 0.001), POLL_SECONDS)

    return work


def _scheduling(leadership: Leadership) -> Callable[[], float]:
    def work() -> float:
        if not leadership.lead():
            return POLL_SECONDS
        first = first_wanted_at()
        until = SCHEDULE_SECONDS if first is None else (first - clock.now()).total_seconds()
        if until > 0:
            return min(until, SCHEDULE_SECONDS)
        return 0.0 if generate() + fire(leadership) else 0.05

    return work


def _releasing(leadership: Leadership) -> Callable[[], float]:
    shortest, longest = BUFFER_SECONDS
    moved_at = float("-inf")

    def work() -> float:
        nonlocal moved_at
        if leadership.fence is None:
            return FOLLOWER_SECONDS
        if not is_anything_held():
            return NOTHING_HELD_SECONDS
        began = time.monotonic()
        moved = release_buffered() + advance_backfills()
        now = time.monotonic()
        if moved:
            moved_at = now
        # A task that took long so far will not end in the next moment; short ones follow each other closely.
        pause = max(shortest, BUFFER_LOOKS * (now - began), BUFFER_SHARE * (now - moved_at))
        return min(pause, longest)

    return work


def _periodic_tasks(leadership: Leadership) -> list[Duty]:
    if not apps.is_installed("django_celery_beat"):
        return []
    from tasks_core.schedules.periodic_tasks.following import (
        following,
    )  # needs the tables of that app

    return [Duty("periodic-tasks", following(leadership), is_brief=True)]


def _following_events(leadership: Leadership) -> Callable[[], float]:
    following = Following()

    def work() -> float:
        if leadership.fence is None:
            return FOLLOWER_SECONDS
        busy, idle = EVENTS_SECONDS
        found = following.look()
        return (0.0 if following.follow(found) else busy) if found else idle

    return work


def _sampling(leadership: Leadership) -> Callable[[], float]:
    sampler = Sampler()

    def work() -> float:
        return FOLLOWER_SECONDS if leadership.fence is None else sampler.sample()

    return work


def _recovering() -> Callable[[], float]:
    """After an outage, of the database or of this process, owners get the time of a lease to renew theirs."""
    contact = Contact()

    def work() -> float:
        lease = conf.current().lease_seconds
        try:
            # Leases are renewed before a third is over: what a shorter gap lets run out has lost its owner.
            lasts = contact.ask(longest_gap=lease / 3)
            now = clock.now()  # whatever the database does next, it was there until now
            spare_locked()  # also until then
            found = recover_attempts(now=now) if lasts >= lease else 0
        except Error as error:
            if not isinstance(error.__cause__, (DeadlockDetected, LockNotAvailable)):
                contact.lose()
            raise
        contact.keep()
        return 0.0 if found else min(RECOVERY_SECONDS, lease / 8)

    return work


def _recovering_messages() -> float:
    """A duty of its own: while the broker hangs, attempts are recovered all the same."""
    return 0.0 if recover_messages() else RECOVERY_SECONDS


def _expiring() -> float:
    return 0.0 if expire_tasks() == EXPIRY_LIMIT else EXPIRY_SECONDS


def _announcing() -> float:
    return 0.0 if announce_dead_letters() else ANNOUNCE_SECONDS


def _ageing() -> float:
    promote()
    return AGEING_SECONDS


def _pruning() -> float:
    found = 0
    for step in (prune, prune_ledger, prune_rollups):
        with _pruning_steps.stepping_past(step.__name__):
            found += step()
    return PAUSE_BETWEEN_BATCHES if found else PRUNING_SECONDS
