"""The finished measurements, kept in a JSON file after each one."""

import json
from collections.abc import Container, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median

from benchmarks.machine import Machine
from benchmarks.works.interface import Figures


@dataclass(frozen=True)
class Measurement:
    """One run of one work by one peer."""

    work: str
    peer: str
    run: int
    fingerprint: str
    at: str
    figures: Figures
    settings: str
    versions: dict[str, str] = field(default_factory=dict)


class Results:
    """All of them; every addition is on disk before it returns."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.machine: Machine | None = None
        self._kept: dict[tuple[str, str, int], Measurement] = {}
        if path.exists():
            self._load(json.loads(path.read_text()))

    def has(self, work: str, peer: str, run: int, fingerprint: str) -> bool:
        """Whether this was measured, with the same code."""
        kept = self._kept.get((work, peer, run))
        return kept is not None and kept.fingerprint == fingerprint

    def keep(self, measurement: Measurement, machine: Machine) -> None:
        """Add a measurement, in place of an older one of the same run."""
        key = (measurement.work, measurement.peer, measurement.run)
        self._kept[key] = measurement
        self.machine = machine
        self._save()

    def of(self, work: str, peer: str) -> list[Measurement]:
        """The runs of one work by one peer, the latest code only."""
        runs = [m for (w, p, _), m in sorted(self._kept.items()) if (w, p) == (work, peer)]
        newest = max(runs, key=lambda m: m.at).fingerprint if runs else ""
        return [m for m in runs if m.fingerprint == newest]

    def peers(self, work: str) -> list[str]:
        """Who has been measured at a work."""
        return list(dict.fromkeys(p for w, p, _ in self._kept if w == work))

    def median(self, work: str, peer: str, figure: str) -> float | None:
        """The median of a figure over the runs; None if it was not measured."""
        values = figures_of(self.of(work, peer), figure)
        return median(values) if values else None

    def all(self, works: Container[str] | None = None) -> list[Measurement]:
        """Every measurement, or every one of some works, oldest first."""
        found = (m for m in self._kept.values() if works is None or m.work in works)
        return sorted(found, key=lambda m: m.at)

    def _load(self, content: dict[str, object]) -> None:
        self.machine = Machine(**content["machine"])  # type: ignore[arg-type]
        for raw in content["measurements"]:  # type: ignore[attr-defined]
            kept = Measurement(**raw)
            self._kept[kept.work, kept.peer, kept.run] = kept

    def _save(self) -> None:
        assert self.machine is not None
        content = {
            "machine": asdict(self.machine),
            "measurements": [asdict(m) for m in self.all()],
        }
        draft = self._path.with_suffix(".tmp")
        draft.write_text(json.dumps(content, indent=1) + "\n")
        draft.replace(self._path)


def figures_of(runs: Sequence[Measurement], figure: str) -> list[float]:
    """One figure of each run that has it."""
    return [run.figures[figure] for run in runs if figure in run.figures]
