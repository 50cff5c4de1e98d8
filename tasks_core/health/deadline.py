"""The whole examination, in bounded time, whatever hangs."""

import threading
from collections.abc import Collection

from tasks_core.health.finding import Finding
from tasks_core.health.probe import Probe, Strand
from tasks_core.health.probe_results import ProbeResults
from tasks_core.health.probe_thread import StrandThread
from tasks_core.health.probes import chosen

SECONDS = 2.5
"""After so long the answer is given; probes of orchestrators seldom wait for more than three seconds."""

_standing: dict[Strand, StrandThread] = {}
_lock = threading.Lock()


def examine_in_time(names: Collection[str] = (), *, seconds: float = SECONDS) -> list[Finding]:
    """Return what ``examine`` returns, after ``seconds`` at the latest.

    What has not answered by then is UNHEALTHY. A strand that still hangs in the next call is not asked
    anew, so threads and connections don't pile up.

    Raises:
        KeyError: there is no such probe.
    """
    probes = chosen(names)
    results = ProbeResults([probe.name for probe in probes], seconds=seconds)
    threads = {
        strand: _thread(strand, [p for p in probes if p.strand is strand], results, seconds)
        for strand in {probe.strand for probe in probes}
    }
    found = results.wait()
    return [
        finding
        for probe in probes
        for finding in found.get(probe.name) or _silence(threads[probe.strand], probe)
    ]


def _thread(
    strand: Strand, probes: list[Probe], results: ProbeResults, seconds: float
) -> StrandThread:
    with _lock:
        standing = _standing.get(strand)
        if standing is not None and standing.is_overdue:
            for probe in probes:
                results.put(probe.name, [standing.silence(probe)])
            return standing
        thread = _standing[strand] = StrandThread(
            probes, results, patience=f"{seconds * 500:.0f}ms"
        )
        thread.start()
        return thread


def _silence(thread: StrandThread, probe: Probe) -> list[Finding]:
    thread.give_up()
    return [thread.silence(probe)]
