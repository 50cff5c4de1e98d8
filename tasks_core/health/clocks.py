"""Are the machines' clocks right?"""

import socket
from collections.abc import Iterator
from datetime import timedelta

from tasks_core import clock
from tasks_core.database import server_clock
from tasks_core.health.finding import Finding
from tasks_core.health.probe import Reporter
from tasks_core.models import Worker
from tasks_core.models.worker import MOST_SKEW

report = Reporter("clocks")

REMEDY = (
    "let that machine follow a time server (chrony, ntpd); tasks go by the database's clock and are in time, "
    "but log lines, mails and certificates are not"
)


def look() -> Iterator[Finding]:
    """Compare this machine's clock, and that of each process that is alive, with the database's."""
    server_clock.follow()
    here = clock.machine_skew()
    if here is not None and abs(here) > MOST_SKEW:
        yield report.degraded(
            f"the clock of this machine, {socket.gethostname()}, is {_off(here)} that of the database",
            REMEDY,
        )
    wrong = 0
    for worker in Worker.objects.alive(clock.now()):
        skew = _skew_of(worker)
        if abs(skew) > MOST_SKEW:
            wrong += 1
            yield report.degraded(
                f"the clock of {worker.name} on {worker.hostname} is {_off(skew)} that of the database",
                REMEDY,
            )
    if not wrong:
        yield report.healthy("every process has the time of the database")


def _skew_of(worker: Worker) -> float:
    """Return what the process says; one that does not follow the database writes of the future at most."""
    if worker.clock_skew is not None:
        return worker.clock_skew
    return max((worker.heartbeat_at - clock.now()) / timedelta(seconds=1), 0.0)


def _off(skew: float) -> str:
    return f"{abs(skew):.1f} s {'ahead of' if skew > 0 else 'behind'}"
