"""Enqueuing in bulk, a thousand tasks a call; no workers."""

from benchmarks.arena import Arena
from benchmarks.works.enqueue import stored
from benchmarks.works.interface import Column, Figures, Size, Work, who_has_bulk


def run(arena: Arena, size: Size, count: int) -> Figures:
    """Enqueue for the given time, then compare what is stored with what was enqueued."""
    reply = arena.producer.ask("bulk_for", handler="noop", first=0, seconds=size.shortest_run)
    return stored(arena, reply["count"], reply["seconds"], reply["cpu_seconds"])


WORK = Work(
    name="enqueue-many",
    title="Enqueuing in bulk",
    explanation=(
        "One producer, 1,000 tasks a call, each call its own commit, no workers running. Peers "
        "with a bulk call."
    ),
    columns=(Column("per_s", "tasks/s"), Column("cpu_producer", "producer's CPU s per 1,000", 3)),
    run=run,
    suits=who_has_bulk,
)
