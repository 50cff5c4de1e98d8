"""A thread that asks the probes which would wait for the same part of the platform."""

import logging
import threading
import time
from collections.abc import Sequence

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from tasks_core import database as platform_database
from tasks_core.database.socket_shutdown import cut
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Probe, Reporter
from tasks_core.health.probe_results import ProbeResults
from tasks_core.health.run import answer_of, not_looked_at

logger = logging.getLogger(__name__)


class StrandThread(threading.Thread):
    """Asks one probe after the other; who wants the answers waits for the results, and not for long.

    ``patience`` is what one statement may take, in the words of PostgreSQL.
    """

    def __init__(self, probes: Sequence[Probe], results: ProbeResults, *, patience: str) -> None:
        super().__init__(name="tasks-health", daemon=True)
        self._probes = probes
        self._results = results
        self._patience = patience
        self._began_at = time.monotonic()
        self._connection: BaseDatabaseWrapper | None = None
        self.asks = ""

    @property
    def is_overdue(self) -> bool:
        """Whether it still waits for an answer that nobody waits for any more."""
        return self.is_alive() and time.monotonic() > self._results.deadline

    def run(self) -> None:
        """Ask all, or those that there is time for."""
        self._connection = platform_database.connection()
        try:
            for probe in self._probes:
                if time.monotonic() > self._results.deadline:
                    return
                self._results.put(probe.name, self._answer(probe))
        finally:
            connections.close_all()

    def give_up(self) -> None:
        """End the wait for a database that keeps a connection open and says nothing on it."""
        if self.is_alive() and self._connection is not None:
            cut(self._connection.connection)

    def silence(self, probe: Probe) -> Finding:
        """Return the finding of a probe that has not answered, or whose turn has not come."""
        if probe.name != self.asks:
            late = self._results.late(probe.needs)
            return not_looked_at(probe.name, late[0] if late else self.asks)
        seconds = time.monotonic() - self._began_at
        return Reporter(probe.name).unhealthy(
            f"no answer for {seconds:.0f} s",
            "see whether it hangs, and what is between it and here",
        )

    def _answer(self, probe: Probe) -> list[Finding]:
        needed = self._results.wait_for(probe.needs)
        late = self._results.late(probe.needs)
        if late:
            return [not_looked_at(probe.name, late[0])]
        self.asks = probe.name
        try:
            return answer_of(probe, needed, self._patience)
        except Exception as error:
            logger.exception("the health probe %s failed", probe.name)
            return [Reporter(probe.name).unknown(f"could not be looked at: {type(error).__name__}")]
