"""One report, such as the whole of RESULTS.md."""

from collections.abc import Iterator
from textwrap import dedent

from benchmarks.books import Book
from benchmarks.machine import Machine
from benchmarks.results import Results
from benchmarks.servers import POSTGRES_SETTINGS, VALKEY_SETTINGS
from benchmarks.tables import goals_table, peers_table, work_table
from benchmarks.works.interface import Work

METHOD = """\
Each measurement starts from a new database and an emptied Valkey, with new processes; servers,
producer and workers share the machine, and every peer has two executing processes. The payload
is an id and 100 characters. The handler appends one 24-byte record (id, start, end) to a file
in memory with a single write, and every id is checked from that file afterwards: "missing /
duplicates" is over all runs. Repetitions go round all works and peers. CPU is user plus system
time of the processes and their children from /proc; a peer's workers include whatever else it
needs to run (beat, a scheduler). RSS is summed over these processes, sampled each half second,
with shared pages counted once a process. Cells show the median (smallest to largest)."""


def report(results: Results, book: Book) -> str:
    """The report as Markdown."""
    return "\n\n".join(_parts(results, book)) + "\n"


def _parts(results: Results, book: Book) -> Iterator[str]:
    yield f"# {book.title}"
    yield "Written by `make bench`; do not edit. " + _occasion(results, book)
    yield "## Goals"
    yield goals_table(results, book.goals)
    yield "## How it is measured"
    yield METHOD
    yield _settings()
    for work in book.works.values():
        yield from _work(results, work)
    yield "## Versions and settings"
    yield peers_table(results.all(book.works))


def _occasion(results: Results, book: Book) -> str:
    measured = results.all(book.works)
    if not measured or results.machine is None:
        return "Nothing has been measured yet."
    first, last = measured[0].at, measured[-1].at
    return f"Measured from {first} to {last} on {_machine(results.machine)}."


def _machine(machine: Machine) -> str:
    return (
        f"{machine.cores} cores ({machine.processor}), {machine.memory_gb} GB, {machine.system}, "
        f"Python {machine.python}, PostgreSQL {machine.postgres}, Valkey {machine.valkey}"
    )


def _settings() -> str:
    postgres = ", ".join(f"{name} {value}" for name, value in POSTGRES_SETTINGS.items())
    valkey = ", ".join(f"{name} {value}" for name, value in VALKEY_SETTINGS.items())
    return f"PostgreSQL: {postgres}. Valkey: {valkey}. Both on loopback TCP, the same for all."


def _work(results: Results, work: Work) -> Iterator[str]:
    durable = work_table(results, work, durable=True)
    broker_only = work_table(results, work, durable=False)
    if not (durable or broker_only):
        return
    yield f"## {work.title}"
    yield dedent(work.explanation)
    if durable:
        yield "Durable (the task, or at least its result, is in PostgreSQL):"
        yield durable
    if broker_only:
        yield "Broker only:"
        yield broker_only
