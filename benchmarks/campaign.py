"""Measures what the plan says and is not measured yet."""

import datetime
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import redis

from benchmarks.arena import Contender, StuckError, prepared
from benchmarks.arguments import Arguments
from benchmarks.contenders import ready
from benchmarks.crowd import forget_crowds
from benchmarks.environments import InstallError
from benchmarks.fingerprint import of_measurement
from benchmarks.folders import ledger_folder
from benchmarks.machine import this_machine
from benchmarks.plan import Cell, cells, first_count, longer
from benchmarks.producing import ProducerError
from benchmarks.progress import Progress
from benchmarks.results import Measurement, Results
from benchmarks.servers import Pair, running
from benchmarks.works.interface import FULL, QUICK, Figures, rounded

ATTEMPTS_AT_LENGTH = 4
#: What may be one peer's fault; the others are measured all the same.
FAILURES = (StuckError, ProducerError, InstallError, psycopg.Error, redis.RedisError)


class Campaign:
    """One call of the program."""

    def __init__(self, arguments: Arguments, results: Results, progress: Progress) -> None:
        self._arguments = arguments
        self._results = results
        self._progress = progress
        self._size = QUICK if arguments.quick else FULL
        self._contenders: dict[str, Contender] = {}
        self.failures: list[str] = []

    def conduct(self) -> None:
        """Make every measurement that is missing; a peer that fails does not stop the others."""
        todo = [cell for cell in cells(self._arguments) if not self._done(cell)]
        if not todo:
            return
        with self._progress.over(len(todo)), running() as pair, ledger_folder() as folder:
            for cell in todo:
                self._progress.begin(str(cell))
                with self._noting_failure(cell):
                    self._measure(cell, pair, folder)
                self._progress.advance()
            forget_crowds(pair)

    def _done(self, cell: Cell) -> bool:
        key = cell.work.name, cell.entry.name, cell.run
        return not self._arguments.fresh and self._results.has(*key, _fingerprint(cell))

    def _measure(self, cell: Cell, pair: Pair, folder: Path) -> None:
        contender = self._contender(cell, pair, folder)
        if not cell.work.suits(contender):
            return
        figures = rounded(self._long_enough(cell, contender, pair, folder))
        measurement = Measurement(
            work=cell.work.name,
            peer=cell.entry.name,
            run=cell.run,
            fingerprint=_fingerprint(cell),
            at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            figures=figures,
            settings=contender.description["settings"],
            versions=contender.description["versions"],
        )
        self._results.keep(measurement, this_machine(pair))
        self._progress.tell(measurement, cell.work)

    def _contender(self, cell: Cell, pair: Pair, folder: Path) -> Contender:
        name = cell.entry.name
        if name not in self._contenders:
            self._contenders[name] = ready(cell.entry, pair, folder)
        return self._contenders[name]

    def _long_enough(self, cell: Cell, contender: Contender, pair: Pair, folder: Path) -> Figures:
        count = first_count(cell, self._size, self._results)
        template = cell.work.template(contender, pair, self._size.crowd_rows)
        for _ in range(ATTEMPTS_AT_LENGTH):
            with prepared(contender, pair, folder, template=template) as arena:
                figures = cell.work.run(arena, self._size, count)
            span = figures.get("span_s", self._size.shortest_run)
            if span >= self._size.shortest_run:
                break
            count = longer(count, span, self._size)
        return figures

    @contextmanager
    def _noting_failure(self, cell: Cell) -> Iterator[None]:
        try:
            yield
        except FAILURES as error:
            self.failures.append(f"{cell}: {error}")
            self._progress.warn(self.failures[-1])


def _fingerprint(cell: Cell) -> str:
    return of_measurement(cell.entry, cell.work.run.__module__)
