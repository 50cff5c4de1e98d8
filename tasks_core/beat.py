"""The scheduler of ``celery beat -S tasks_core.beat:Scheduler``."""

from __future__ import annotations

import logging
from typing import Any

from celery import beat
from django.db import Error

from tasks_core.duties import make_duties
from tasks_core.duty import Duty
from tasks_core.liveness.beat_watch import BeatWatch
from tasks_core.liveness.reporter import Reporter
from tasks_core.logs.fields import set_worker_name
from tasks_core.presence import Presence, beat_name
from tasks_core.schedules.leader import Leadership

logger = logging.getLogger(__name__)

TICK_SECONDS = 1.0
STOP_SECONDS = 10.0


class Scheduler(beat.Scheduler):
    """Runs the platform's duties in threads and sees that they stay alive.

    Celery's own schedule is not used: what is due is in the database, so any number of beats may run and
    none of them holds state that a crash could lose.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._duties: list[Duty] = []
        self._presence: Presence | None = None
        self._watch = BeatWatch()
        self._reporter: Reporter | None = None
        self._leadership: Leadership | None = None
        super().__init__(*args, **kwargs)

    def setup_schedule(self) -> None:
        """Start the duties."""
        set_worker_name(beat_name())
        self._leadership = Leadership("schedules")
        self._duties = make_duties(self._leadership)
        for duty in self._duties:
            duty.start()
        self._presence = Presence.of_beat(columns=self._watch.columns)
        self._presence.start()
        self._watch.ticked(self._duties)
        self._reporter = Reporter("beat", self._presence.known_as, self._watch.problem)
        self._reporter.start()
        logger.info("duties started: %s", ", ".join(duty.name for duty in self._duties))

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Start a duty again whose thread has ended, and return the seconds until the next look."""
        for position, duty in enumerate(self._duties):
            if not duty.is_alive():
                logger.error("%s had ended; it is started again", duty.name)
                self._duties[position] = duty.renewed()
                self._duties[position].start()
        self._watch.ticked(self._duties)
        return TICK_SECONDS

    def close(self) -> None:
        """Stop the duties and wait for what they are doing."""
        for duty in self._duties:
            duty.stop()
        for duty in self._duties:
            duty.join(timeout=STOP_SECONDS)
        self._hand_over()
        if self._presence is not None:
            self._presence.stop()
        if self._reporter is not None:
            self._reporter.stop()
        self._duties = []

    def _hand_over(self) -> None:
        """Let another beat lead at once, and not only when the lease is over."""
        try:
            if self._leadership is not None:
                self._leadership.release()
        except Error as error:
            logger.warning("another beat leads once the lease is over: %s", error)

    @property
    def info(self) -> str:
        """Say in beat's banner what runs."""
        return "    . duties -> " + ", ".join(
            duty.name.removeprefix("duty-") for duty in make_duties()
        )
