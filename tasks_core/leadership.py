"""Which beat does what only one need do.

Leadership saves work; it carries nothing. The ledger's unique key and the locks on schedules make two leaders
at once harmless, and the fence refuses the one that was frozen and woke up.
"""

import logging
import os
import socket
import time
import uuid

from django.db import OperationalError

from tasks_core.database import fetch
from tasks_core.database.bounded_locks import bounded_locks
from tasks_core.database.errors import is_lock_timeout

logger = logging.getLogger(__name__)

LEASE_SECONDS = 6.0
RENEW_SECONDS = 2.0
"""A leader that dies is followed after LEASE_SECONDS and, at most, this."""

# By the clock of the database: those of the beats may differ, or jump. Whoever takes the lead has a new
# fence, also if it has led before and let go of it.
ACQUIRE = """
INSERT INTO tasks_core_leadership AS lease (name, holder, fence, expires_at)
VALUES (%(name)s, %(holder)s, 1, clock_timestamp() + make_interval(secs => %(seconds)s))
ON CONFLICT (name) DO UPDATE SET
    holder = EXCLUDED.holder,
    fence = lease.fence
        + (lease.holder <> EXCLUDED.holder OR lease.expires_at < clock_timestamp())::int,
    expires_at = EXCLUDED.expires_at
WHERE lease.holder = EXCLUDED.holder OR lease.expires_at < clock_timestamp()
RETURNING fence
"""

HOLDS = """
SELECT 1 FROM tasks_core_leadership
WHERE name = %(name)s AND holder = %(holder)s AND fence = %(fence)s
FOR SHARE
"""

RELEASE = """
UPDATE tasks_core_leadership SET expires_at = clock_timestamp()
WHERE name = %(name)s AND holder = %(holder)s AND fence = %(fence)s
RETURNING fence
"""


class Leadership:
    """One beat's claim to a role."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.holder = f"{socket.gethostname()}:{os.getpid()}:{uuid.uuid4().hex[:8]}"
        self._fence: int | None = None
        self._asked_at = float("-inf")

    @property
    def fence(self) -> int | None:
        """The fencing number while this beat leads, as far as it knows, else None."""
        return self._fence

    def lead(self) -> bool:
        """Take or renew the lease when it is time to, and tell whether this beat leads."""
        if time.monotonic() - self._asked_at < RENEW_SECONDS:
            return self._fence is not None
        parameters = {"name": self.name, "holder": self.holder, "seconds": LEASE_SECONDS}
        try:
            with bounded_locks():
                rows = fetch(ACQUIRE, parameters)
        except OperationalError as error:
            if not is_lock_timeout(error):
                raise
            # Of a leader that is frozen at its work. This one stays what it was until asked for its fence.
            return self._fence is not None
        self._asked_at = time.monotonic()
        fence = rows[0][0] if rows else None
        if fence != self._fence:
            said = "leads" if fence is not None else "leads no longer"
            logger.info("%s %s the %s (fence %s)", self.holder, said, self.name, fence)
        self._fence = fence
        return fence is not None

    def holds(self) -> bool:
        """Tell for certain whether the fence is still ours, and keep it so until the transaction ends."""
        parameters = {"name": self.name, "holder": self.holder, "fence": self._fence}
        if self._fence is not None and fetch(HOLDS, parameters):
            return True
        self._fence = None
        return False

    def release(self) -> None:
        """Let another beat take over at once (a clean stop)."""
        if self._fence is not None:
            with bounded_locks():
                fetch(RELEASE, {"name": self.name, "holder": self.holder, "fence": self._fence})
        self._fence, self._asked_at = None, float("-inf")
