"""The scheduler of ``celery beat -S tasks_core.beat:Scheduler``."""

import logging
import threading
import time
from typing import Any

from celery import beat, signals
from django.db import Error, connections

from tasks_core.database.answer_limit import end_overdue
from tasks_core.duties.beat_duties import make_duties
from tasks_core.duties.duty import Duty
from tasks_core.leadership import Leadership
from tasks_core.liveness.beat_watch import BeatWatch
from tasks_core.liveness.heartbeat import Heartbeat, beat_name
from tasks_core.liveness.reporter import Reporter
from tasks_core.liveness.stop_guard import BeatGuard
from tasks_core.logs.fields import set_worker_name

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
STOP_SECONDS = 10.0
"""How long all duties together may take to end what they are doing."""

HAND_OVER_SECONDS = 3.0


class Scheduler(beat.Scheduler):
    """Runs the platform's duties in threads and sees that they stay alive.

    Celery's own schedule is not used: what is due is in the database, so any number of beats may run and
    none of them holds state that a crash could lose.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._duties: list[Duty] = []
        self._presence: Heartbeat | None = None
        self._watch = BeatWatch()
        self._reporter: Reporter | None = None
        self._leadership: Leadership | None = None
        self._stopping_since: float | None = None
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Start the duties."""
        set_worker_name(beat_name())
        self._leadership = Leadership("schedules")
        self._duties = make_duties(self._leadership)
        for duty in self._duties:
            duty.start()
        self._presence = Heartbeat.of_beat(columns=self._watch.columns)
        self._presence.start()
        self._watch.ticked(self._duties)
        self._reporter = Reporter("beat", self._presence.known_as, self._watch.problem)
        self._reporter.start()
        signals.beat_init.connect(self._guard_the_stop)
        logger.info("duties started: %s", ", ".join(duty.name for duty in self._duties))

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start a duty again whose thread has ended, and return the seconds until the next look."""
        for position, duty in enumerate(self._duties):
            if not duty.is_alive():
                logger.error("%s had ended; it is started again", duty.name)
                self._renew(position)
        self._watch.ticked(self._duties)
        end_overdue()
        return TICK_SECONDS

    def _renew(self, position: int) -> None:
        duty = self._duties[position].renewed()
        try:
            duty.start()
        except RuntimeError as error:  # no more threads: the next tick tries again
            logger.error("%s cannot be started: %s", duty.name, error)
        else:
            self._duties[position] = duty

    def close(self) -> None:
        """Stop the duties and wait for what they are doing, but for no server that does not answer.

        Celery calls it again before its process ends.
        """
        if self._stopping_since is not None:
            return
        self._stopping_since = time.monotonic()
        for duty in self._duties:
            duty.stop()
        self._wait_for_duties()
        if self._leadership is not None:
            self._hand_over(self._leadership)
        if self._presence is not None:
            self._presence.stop()
        if self._reporter is not None:
            self._reporter.stop()
        self._duties = []

    def _wait_for_duties(self) -> None:
        until = time.monotonic() + STOP_SECONDS
        for duty in self._duties:
            duty.join(timeout=max(0.0, until - time.monotonic()))
        left = [duty.name for duty in self._duties if duty.is_alive()]
        if left:
            logger.warning("not waited for any longer: %s", ", ".join(left))

    @staticmethod
    def _hand_over(leadership: Leadership) -> None:
        """Let another beat lead at once, and not only when the lease is over."""

        def release() -> None:
            try:
                leadership.release()
            except Error as error:
                logger.warning("another beat leads once the lease is over: %s", error)
            finally:
                connections.close_all()

        # In a thread, because a database that is frozen does not answer at all.
        thread = threading.Thread(target=release, name="hand-over", daemon=True)
        thread.start()
        thread.join(timeout=HAND_OVER_SECONDS)

    def _guard_the_stop(self, **_: Any) -> None:
        """End the process of this beat if its stop takes too long; not that of a worker it is a part of."""
        if threading.current_thread() is threading.main_thread():
            BeatGuard(self._stopping_for).start()

    def _stopping_for(self) -> float:
        since = self._stopping_since
        return 0.0 if since is None else time.monotonic() - since

    @property
    def info(self) -> str:
        """Say in beat's banner what runs."""
        return "    . duties -> " + ", ".join(
            duty.name.removeprefix("duty-") for duty in make_duties()
        )
