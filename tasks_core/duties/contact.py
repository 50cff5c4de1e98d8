"""How long the database has been in reach.

A lease that is over tells of a lost owner only if the owner could have renewed it. After an outage of the
database everybody's leases are over, and who looks first must not take living tasks from their workers.
"""

import math

from tasks_core import clock
from tasks_core.database import fetch

# A standby answers, but takes no renewals.
STATE = """
SELECT NOT (pg_is_in_recovery() OR current_setting('transaction_read_only')::bool),
    extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8
"""


class Contact:
    """What one process knows of it, from asking again and again."""

    def __init__(self) -> None:
        self._since: float | None = None
        self._last = float("-inf")
        self._ahead = 0.0

    def ask(self, *, longest_gap: float) -> float:
        """Ask the database, and return for how many seconds it has been there without a longer gap.

        A step of its clock is like a gap: it ends everybody's leases, or makes an end of none.

        Raises:
            django.db.Error: it is not there.
        """
        [(takes_writes, uptime)] = fetch(STATE, {})
        if not takes_writes:
            self.lose()
            return 0.0
        at = clock.steady()
        ahead = clock.now().timestamp() - at
        is_gap = at - self._last > longest_gap or abs(ahead - self._ahead) > longest_gap
        if self._since is None or is_gap:
            self._since = at
        self._last, self._ahead = at, ahead
        # Its clock has been set back since it started if it is younger than nothing.
        return min(at - self._since, uptime if uptime >= 0 else math.inf)

    def keep(self) -> None:
        """Note that it has just answered something else."""
        self._last = clock.steady()

    def lose(self) -> None:
        """Forget: it did not do what it was asked to."""
        self._since = None
