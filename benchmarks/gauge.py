"""Samples CPU, memory and Valkey's memory in the background while a measurement runs."""

import threading
import time
from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.usage import Usage, usages

INTERVAL_SECONDS = 0.5


@dataclass(frozen=True)
class Sample:
    """Everything at one instant (seconds since the epoch)."""

    at: float
    usages: dict[str, Usage]
    broker_bytes: int


class Gauge:
    """Takes a sample every half second; `watch` adds a process tree."""

    def __init__(self, broker_bytes: Callable[[], int]) -> None:
        self._broker_bytes = broker_bytes
        self._roots: dict[str, int] = {}
        self._samples: list[Sample] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> "Gauge":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        self._thread.join()

    def watch(self, name: str, pid: int) -> None:
        """Count the tree below `pid` as `name` from now on."""
        self._roots = {**self._roots, name: pid}

    def sample(self) -> Sample:
        """Take one now, in addition."""
        sample = Sample(time.time(), usages(self._roots), self._broker_bytes())
        self._samples.append(sample)
        return sample

    def cpu_seconds(self, name: str, start: float, end: float) -> float:
        """CPU seconds of `name` between two instants, interpolated between samples."""
        return self._cpu_at(name, end) - self._cpu_at(name, start)

    def peak_resident(self, *names: str) -> int:
        """The most bytes that these trees held together."""
        return max(
            sum(sample.usages[name].resident_bytes for name in names if name in sample.usages)
            for sample in self._samples
        )

    def resident(self, name: str, start: float, end: float) -> list[int]:
        """Bytes that `name` held in each sample between two instants."""
        return [
            sample.usages[name].resident_bytes
            for sample in self._samples
            if start <= sample.at <= end and name in sample.usages
        ]

    def peak_broker_bytes(self) -> int:
        """The most memory that Valkey used."""
        return max(sample.broker_bytes for sample in self._samples)

    def _cpu_at(self, name: str, at: float) -> float:
        known = sorted(
            (s.at, s.usages[name].cpu_seconds) for s in self._samples if name in s.usages
        )
        after = bisect_left(known, (at, 0.0))
        if after == 0:
            # Before it was first seen it had used nothing that we know of.
            return known[0][1] if known else 0.0
        if after == len(known):
            return known[-1][1]
        (earlier, low), (later, high) = known[after - 1 : after + 1]
        return low + (high - low) * (at - earlier) / (later - earlier)

    def _run(self) -> None:
        while not self._stop.wait(INTERVAL_SECONDS):
            self.sample()
