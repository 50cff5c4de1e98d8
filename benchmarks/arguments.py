"""The command line of `python -m benchmarks`."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.peers.registry import PEERS
from benchmarks.works.registry import WORKS

DESCRIPTION = """\
Measure Bellringer and its peers side by side, each on a PostgreSQL and a Valkey that the benchmark
starts itself, and write benchmarks/RESULTS.md and RESULTS-messages.md: those whose works were asked
for. Finished measurements are kept: the same command again goes on where it was stopped.
"""


@dataclass(frozen=True)
class Arguments:
    """What was asked for."""

    works: tuple[str, ...]
    peers: tuple[str, ...]
    runs: int
    quick: bool
    fresh: bool
    report: bool


def parse(command_line: Sequence[str]) -> Arguments:
    """Parse, or exit with a message that says what is wrong."""
    given = _parser().parse_args(command_line)
    return Arguments(
        works=tuple(given.work or WORKS),
        peers=tuple(given.peer or PEERS),
        runs=given.runs or (1 if given.quick else 3),
        quick=given.quick,
        fresh=given.fresh,
        report=given.report,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=DESCRIPTION)
    parser.add_argument(
        "--work", action="append", choices=tuple(WORKS), help="repeatable; all by default"
    )
    parser.add_argument(
        "--peer", action="append", choices=tuple(PEERS), help="repeatable; all by default"
    )
    parser.add_argument("--runs", type=_positive, help="measurements of each (3; 1 with --quick)")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="tiny sizes, to see that everything works; the reports stay as they are",
    )
    parser.add_argument(
        "--fresh", action="store_true", help="measure again what is finished already"
    )
    parser.add_argument(
        "--report", action="store_true", help="measure nothing, write the tables again"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be 1 or more")
    return number
